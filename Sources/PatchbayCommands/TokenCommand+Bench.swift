import ArgumentParser
import Basics
import TokenVerification

extension TokenCommand {
  /// `patchbay token bench`: what a verification costs, for those who measure.
  struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measures how long a token's verification takes, cold and cached.", shouldDisplay: false)

    @Option(help: ArgumentHelp("How many verifications of each kind.", valueName: "count"))
    var count = 5_000

    func run() throws {
      try require((100...1_000_000).contains(count), "--count is from 100 to 1000000.")
      let issuer = try DevelopmentIssuer()
      let tenant = try Tenant(
        organization: "ce861fba-6e2f-49f9-9a84-b354008fac9e", name: "Example", url: "https://localhost:50051")
      let token = try issuer.mint(issuer.claims(for: tenant))
      let policy = ClaimPolicy(issuers: [issuer.issuer], tenants: [tenant])
      for (name, cachedTokens) in [("cold", 0), ("cached", 4_096)] {
        let verifier = TokenVerifier(policy: policy, keys: issuer.keySource, cachedTokens: cachedTokens)
        let values = [Array(token.utf8)]
        var times: [Double] = []
        times.reserveCapacity(count)
        for index in 0..<(count + count / 10) {
          let began = MonotonicClock.now()
          guard verifier.verify(authorization: values, schema: .anyOfTenant).denial == nil else {
            throw CommandError("the token was not accepted")
          }
          // The first tenth warms up.
          if index >= count / 10 { times.append((MonotonicClock.now() - began) / .microseconds(1)) }
        }
        times.sort()
        let mean = times.reduce(0, +) / Double(times.count)
        func rounded(_ time: Double) -> Double { (time * 10).rounded() / 10 }
        print(
          "\(name): \(rounded(mean)) us mean, \(rounded(times[times.count / 2])) us median, "
            + "\(rounded(times[times.count * 99 / 100])) us p99 (\(times.count) verifications, RSA 2048)")
      }
    }
  }
}
