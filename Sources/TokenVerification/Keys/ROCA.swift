/// The fingerprint of RSA keys made by a flawed Infineon library (CVE-2017-15361, "The Return of Coppersmith's Attack",
/// Nemec and others, ACM CCS 2017): such a modulus is a power of 65537 modulo every small prime.
enum ROCA {
  /// Whether a big-endian modulus has the fingerprint. A sound key has it with a probability of about 2^-150.
  static func isFingerprint(_ modulus: [UInt8]) -> Bool {
    subgroups.allSatisfy { prime, powers in
      powers.contains(modulus.reduce(0) { ($0 << 8 | UInt32($1)) % prime })
    }
  }

  /// The odd primes up to 167, each with the powers of 65537 modulo it.
  private static let subgroups: [(prime: UInt32, powers: Set<UInt32>)] = {
    let primes: [UInt32] = [
      3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
      113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ]
    return primes.map { prime in
      var powers: Set<UInt32> = []
      var power: UInt32 = 1
      while powers.insert(power).inserted { power = power * (65_537 % prime) % prime }
      return (prime, powers)
    }
  }()
}
