/*
 * Reads the entry of each page of a process, and how often its frame is
 * mapped, one call each: what most programs in C, C++ and Rust do.
 *
 * Argument: a pid.  Prints how many pages were present and the sum of counts.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[64], line[8192];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start, end, entry, count, pages = 0, sum = 0;

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "/proc/%s/maps", argv[1]);
	FILE *maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%s/pagemap", argv[1]);
	int entries = open(path, O_RDONLY);
	int counts = open("/proc/kpagecount", O_RDONLY);
	if (maps == NULL || entries < 0 || counts < 0)
		return 1;
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) != 2)
			return 1;
		for (; start < end && start >> 63 == 0; start += page) {
			if (pread(entries, &entry, 8, (off_t)(start / page * 8)) != 8)
				break;
			if (entry >> 63 == 0)
				continue;
			entry &= (UINT64_C(1) << 55) - 1;
			if (pread(counts, &count, 8, (off_t)(entry * 8)) != 8)
				continue;
			pages++;
			sum += count;
		}
	}
	printf("%" PRIu64 " %" PRIu64 "\n", pages, sum);
	return 0;
}
