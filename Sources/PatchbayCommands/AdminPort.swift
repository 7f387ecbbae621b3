import Basics
import Certificates
import Foundation
import GatewayConfiguration
import HTTPFetching
import PatchbayServer

/// The admin port of a server that runs, as the commands ask it: with the token of the configuration, and where the
/// configuration has `admin.tls`, over TLS with trust in the certificates of its file and no others.
struct AdminPort: Sendable {
  /// Where.
  let address: NetworkAddress
  private let base: String
  private let token: String?
  private let exchange: CurlExchange

  /// The port of a configuration's server.
  ///
  /// - Parameters:
  ///   - address: where it is asked; a port of every address is asked on the loopback interface.
  ///   - maximumBytes: of an answer.
  /// - Throws: why it cannot be asked, in a sentence without its end.
  init(_ configuration: Configuration, at address: NetworkAddress, maximumBytes: Int) throws(CommandError) {
    guard address.port != 0 else {
      throw CommandError("admin.address has port 0; name the running server's with --admin HOST:PORT")
    }
    let address = NetworkAddress(host: address.ownHost, port: address.port)
    self.address = address
    do { token = try configuration.admin.readToken(environment: ProcessInfo.processInfo.environment) } catch {
      throw CommandError("the admin token cannot be read: \(error)")
    }
    let limits = CurlExchange.Limits(
      connectMilliseconds: 1_000, totalMilliseconds: 5_000, maximumBytes: maximumBytes)
    guard let tls = configuration.admin.tls else {
      guard address.isLoopback else {
        throw CommandError(
          "the admin port \(address) is beyond the loopback interface, and without `admin.tls` it is not asked")
      }
      base = "http://\(address)"
      exchange = CurlExchange(limits: limits)
      return
    }
    do throws(CertificateError) {
      let own = try ServerCertificate(certificate: tls.certificate, key: tls.key, now: WallClock.now())
      let name = own.provenName(for: address.host) ?? address.host
      base = "https://\(NetworkAddress(host: name, port: address.port))"
    } catch { throw CommandError("the certificate of `admin.tls` cannot be used: \(error)") }
    exchange = CurlExchange(limits: limits, trust: .file(tls.certificate), connectingTo: "\(address)")
  }

  /// Asks; an answer of 401 or 403 is an error.
  func ask(_ path: String, body: [UInt8]? = nil) async throws(CommandError) -> HTTPAnswer {
    var fields: [HTTPRequest.Field] = body == nil ? [] : [.init("Content-Type", "text/plain")]
    if let token { fields.append(.init("Authorization", "Bearer " + token)) }
    let request = HTTPRequest(body == nil ? .get : .post, base + path, fields: fields, body: body)
    let answer: HTTPAnswer
    do throws(HTTPError) {
      answer = try await exchange.perform(request, allowsPrivateAddresses: true)
    } catch {
      if case .tls = error {
        throw CommandError("the server at \(address) has another certificate than `admin.tls` names (\(error))")
      }
      throw CommandError("no server answers at \(address): \(error)")
    }
    guard answer.status != 401, answer.status != 403 else {
      throw CommandError("the server at \(address) does not accept the configuration's admin token")
    }
    return answer
  }
}
