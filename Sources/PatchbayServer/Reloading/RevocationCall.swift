import AdminServer
import Foundation
import GatewayConfiguration
import Glibc
import HTTPServing
import Logging
import TokenVerification

/// `POST /revocations` on the admin port, with `{"org": "…", "nonce": "…"}`: the tokens of that registration are not taken
/// any more, from the next RPC on.
///
/// Where the configuration names a file of revocations it is written there, and stays until it is taken out of it;
/// otherwise, or where the file cannot be written, it stays until the process ends. Servers of one cluster tell each
/// other.
struct RevocationCall: Sendable {
  private struct Body: Decodable {
    var org: String
    var nonce: String
  }

  let reloader: Reloader
  let tenants: TenantDirectory
  /// Tells the other servers; false where Redis is not there. `nil` without a cluster.
  let share: (@Sendable (Configuration.Revocation) -> Bool)?
  let log: Logger

  func respond(to request: ServerRequest) -> ServerResponse {
    guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body)),
      let revocation = Configuration.Revocation(organization: body.org, text: body.nonce)
    else {
      return .text(400, "write {\"org\": \"the organization's UUID\", \"nonce\": \"the jti of its tokens\"}")
    }
    guard tenants.revokeByOperator(revocation) else {
      return .text(507, "there are too many revocations; name a revocations_file in the configuration")
    }
    let file = reloader.configuration.identity.revocationsFile
    let isKept = file.map { Self.append(revocation, to: $0, log) } ?? false
    if isKept { reloader.leaveToFile(revocation) }
    reloader.metrics.revoked(tenants.revocations)
    let told = share.map { $0(revocation) }
    log.notice(
      "a registration is revoked by an operator",
      metadata: ["org": "\(revocation.organization)", "kept": "\(isKept ? file ?? "" : "until the server ends")"])
    return ServerResponse(
      status: 200, contentType: "application/json",
      body: Array("{\"revoked\":true,\"kept\":\(isKept)\(told.map { ",\"told\":\($0)" } ?? "")}\n".utf8))
  }

  /// One write of one line, which other writers do not come between.
  private static func append(_ revocation: Configuration.Revocation, to file: String, _ log: Logger) -> Bool {
    let descriptor = open(file, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else {
      log.warning(
        "a revocation is not kept: the file cannot be written",
        metadata: ["file": "\(file)", "reason": "\(String(cString: strerror(errno)))"])
      return false
    }
    defer { close(descriptor) }
    // The file may not end with its line.
    let line = Array("\n\(revocation.line)\n".utf8)
    return write(descriptor, line, line.count) == line.count && fsync(descriptor) == 0
  }
}
