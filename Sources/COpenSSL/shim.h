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
#include <openssl/x509v3.h>

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

// When a certificate begins or ends, in seconds since 1970. False where it does not say.
static inline bool patchbay_certificate_time(const X509 *certificate, bool end, int64_t *seconds) {
  const ASN1_TIME *time = end ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate);
  ASN1_TIME *origin = ASN1_TIME_set(NULL, 0);
  int days = 0, rest = 0;
  bool is_known = time != NULL && origin != NULL && ASN1_TIME_diff(&days, &rest, origin, time) == 1;
  ASN1_TIME_free(origin);
  *seconds = (int64_t)days * 86400 + rest;
  return is_known;
}

// A chain of macros as the flags: whom a certificate is for, or who made it.
static inline void patchbay_certificate_party(const X509 *certificate, bool issuer, BIO *out) {
  const X509_NAME *name = issuer ? X509_get_issuer_name(certificate) : X509_get_subject_name(certificate);
  if (name != NULL) X509_NAME_print_ex(out, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
}

// Printable ASCII only: a name with a line's end in it would be read as two.
static inline bool patchbay_is_plain_name(const unsigned char *bytes, int count) {
  for (int index = 0; index < count; index++) {
    if (bytes[index] <= 0x20 || bytes[index] >= 0x7F) return false;
  }
  return count > 0;
}

// The subject's first common name, if it is a plain one.
static inline void patchbay_certificate_common_name(const X509 *certificate, BIO *out) {
  const X509_NAME *subject = X509_get_subject_name(certificate);
  int place = subject != NULL ? X509_NAME_get_index_by_NID((X509_NAME *)subject, NID_commonName, -1) : -1;
  if (place < 0) return;
  unsigned char *text = NULL;
  int count = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
  if (count > 0 && patchbay_is_plain_name(text, count)) BIO_write(out, text, count);
  if (count >= 0) OPENSSL_free(text);
}

// Stacks and unions that Swift does not import: a certificate's DNS names and IPv4 addresses, each with a line's end.
static inline void patchbay_certificate_names(const X509 *certificate, BIO *out) {
  GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  for (int index = 0; index < sk_GENERAL_NAME_num(names); index++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type == GEN_DNS) {
      const unsigned char *bytes = ASN1_STRING_get0_data(name->d.dNSName);
      if (!patchbay_is_plain_name(bytes, ASN1_STRING_length(name->d.dNSName))) continue;
      BIO_write(out, bytes, ASN1_STRING_length(name->d.dNSName));
      BIO_write(out, "\n", 1);
    } else if (name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == 4) {
      const unsigned char *bytes = ASN1_STRING_get0_data(name->d.iPAddress);
      BIO_printf(out, "%d.%d.%d.%d\n", bytes[0], bytes[1], bytes[2], bytes[3]);
    }
  }
  GENERAL_NAMES_free(names);
}

// A macro: the bytes of a memory BIO, which stay the BIO's.
static inline long patchbay_bio_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }

#endif
