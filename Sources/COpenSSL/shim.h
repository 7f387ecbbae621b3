#ifndef PATCHBAY_COPENSSL_H
#define PATCHBAY_COPENSSL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

// Variadic: a fresh RSA key pair with e = 65537.
static inline EVP_PKEY *patchbay_rsa_generate(size_t bits) {
  return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
}

// A macro of macros that Swift does not import: which parts of a key `EVP_PKEY_fromdata` takes.
static inline int patchbay_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }

// The builder and the parameters keep the names' pointers, not copies: they have to be literals, which Swift cannot pass.
static inline OSSL_PARAM *patchbay_rsa_public_parameters(const BIGNUM *n, const BIGNUM *e) {
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM *parameters = NULL;
  if (builder != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
    parameters = OSSL_PARAM_BLD_to_param(builder);
  }
  OSSL_PARAM_BLD_free(builder);
  return parameters;
}

// A macro: the bytes of a memory BIO, which stay the BIO's.
static inline long patchbay_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

#endif
