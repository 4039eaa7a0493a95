/* SipHash-2-4 (Aumasson, Bernstein, 2012): a keyed 64-bit hash of short inputs. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stdint.h>

#include "base/buf.h"

#define SIPHASH_KEY_BYTES 16

/* The hash as the number whose little-endian bytes the paper's test vectors list. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY_BYTES], struct slice data);

#endif
