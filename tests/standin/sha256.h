/* SHA-256 (FIPS 180-4), for the digests of request bodies and files. */
#ifndef STANDIN_SHA256_H
#define STANDIN_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
	uint32_t h[8];
	uint64_t total;
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* Writes 64 hexadecimal digits and a NUL; s stays usable for more bytes. */
void sha256_hex(const struct sha256 *s, char ret[65]);

#endif
