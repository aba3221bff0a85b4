// SPDX-License-Identifier: BSD-3-Clause
// Runs a fuzzer over every file of the folders it is given, so that any compiler replays the
// corpus as a test. With libFuzzer (-Dfuzz=true) it is not linked.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The content at the exact size, so that a sanitizer sees any step past the end.
static uint8_t *file_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	long size;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
		*n = (size_t)size;
		data = malloc(*n > 0 ? *n : 1);
		if (data != NULL && fread(data, 1, *n, f) != *n) {
			free(data);
			data = NULL;
		}
	}
	fclose(f);
	return data;
}

// How many files were run; -1 after a message.
static int folder_run(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	int count = 0;

	if (dir == NULL) {
		perror(folder);
		return -1;
	}
	while (count >= 0 && (e = readdir(dir)) != NULL) {
		char path[4096];
		uint8_t *data;
		size_t n;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		data = file_read(path, &n);
		if (data == NULL) {
			perror(path);
			count = -1;
			break;
		}
		LLVMFuzzerTestOneInput(data, n);
		free(data);
		count++;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int n = folder_run(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	printf("%d inputs\n", total);
	return total > 0 ? 0 : 1;
}
