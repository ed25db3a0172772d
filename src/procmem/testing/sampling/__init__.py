"""
What a tree of processes needs at most while something runs, by looking often.

The kernel keeps a high-water mark of the RSS of each process, and none for a
tree, nor for anything that divides what is shared.  So somebody has to look:
often enough to see a spike, from outside so that a busy interpreter does not
keep it from looking, and at a cost that leaves what it looks at as it is.
"""
