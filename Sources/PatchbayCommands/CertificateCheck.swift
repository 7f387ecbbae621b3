import Basics
import Certificates
import Foundation
import GatewayConfiguration
import PatchbayServer
import TokenVerification
import YAMLReading

/// What is to be said of a configuration's certificate, before a server uses it.
struct CertificateCheck {
  /// Reasons not to begin.
  private(set) var errors: [ConfigurationProblem] = []
  /// What can be used, but not by everyone, or not for long.
  private(set) var warnings: [ConfigurationProblem] = []

  /// Looks at the files of `listen.tls`, `websocket.tls` and `admin.tls`; where there are none, there is nothing to say.
  init(_ configuration: Configuration, now: Int64 = WallClock.now()) {
    check(configuration.listen.tls?.files, hosts: configuration.namedHosts, now: now)
    check(configuration.webSocket?.tls?.files, hosts: configuration.namedHosts(ofSockets: true), now: now)
    check(configuration.admin.tls?.files, hosts: nil, now: now)
  }

  private mutating func check(_ files: TLSFiles?, hosts: [(host: String, purpose: String)]?, now: Int64) {
    guard let files else { return }
    do throws(CertificateError) {
      let certificate = try ServerCertificate(
        certificate: files.certificate, key: files.key, clientCA: files.clientCA, now: now)
      for finding in certificate.findings(hosts: hosts, now: now) {
        let problem = ConfigurationProblem(.wholeFile(finding.path), finding.problem, finding.remedy)
        // Two ports may have the same files.
        guard !(errors + warnings).contains(problem) else { continue }
        if finding.isError { errors.append(problem) } else { warnings.append(problem) }
      }
    } catch { errors.append(ConfigurationProblem(.wholeFile(error.path), error.problem)) }
  }
}

extension ConfigurationFile {
  /// Tells what is wrong with the certificate on standard error; ends the command with 78 where no client that checks
  /// certificates could connect.
  func checkCertificate(of configuration: Configuration) throws {
    let check = CertificateCheck(configuration)
    for warning in check.warnings { StandardError.write("warning: \(warning)") }
    guard check.errors.isEmpty else {
      try Self.report { () throws(ConfigurationError) in throw ConfigurationError(check.errors) }
      return
    }
  }
}
