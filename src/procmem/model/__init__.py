"""
The values that parsers give and accounting takes: frozen, complete on
construction, comparable, picklable.  All sizes are bytes.
"""
