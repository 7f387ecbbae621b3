// A fuzz target for libFuzzer: what the data source interface and the authorization service answer, and what a server keeps
// of it for the others. Built and run by Scripts/fuzz.

@testable import DataSources
import HTTPFetching

private let statuses = [200, 201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503]

/// libFuzzer calls this for every input: an answer's body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRESTAnswer(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let body = Array(UnsafeBufferPointer(start: data, count: size))

  for status in statuses {
    let answer = HTTPAnswer(status: status, body: body)
    do throws(DataSourceError) {
      let accepted = try AnswerStatus.body(answer, of: "GET /dataSources", scope: "read")
      precondition(status < 300 && accepted == body, "an answer that says no is accepted")
    } catch {
      // What people read is one short line, whatever the service said.
      precondition(status >= 300 && error.detail.unicodeScalars.count <= 300)
      precondition(error.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
  }

  for item in (try? AnswerReading.items(body)) ?? [] {
    if let source = try? DataSource(item) { check(source) }
    if let schema = try? DataSourceSchema(item) { precondition(!schema.id.isEmpty) }
  }
  if let value = try? AnswerReading.value(body) {
    if let source = try? DataSource(value) { check(source) }
    _ = try? DataSourceSchema(value)
  }
  if let grant = try? OAuthGrant(body) {
    precondition(OAuthGrant.isToken(grant.accessToken) && grant.refreshToken.map(OAuthGrant.isToken) ?? true)
    precondition((1...400 * 86_400).contains(grant.lifetime))
  }

  // What is kept and read again says the same, and another server can ask for it.
  if let standing = LeaseStanding(kept: body) {
    let again = LeaseStanding(kept: Array(standing.text.utf8))
    precondition(again?.owner == standing.owner && again?.text == LeaseStanding(kept: again?.bytes ?? [])?.text)
    let asked = LeaseStanding.asked(standing, owner: "b", life: 60, notes: nil, now: 1_800_000_000)
    precondition(asked.owner == "b" || asked == standing)
  }
  return 0
}

/// A data source that was read can be asked for, replaced and removed: its id stays one part of the path.
private func check(_ source: DataSource) {
  let fields = DataSourceFields(source, nonce: "n")
  for call in [DataSourceCall.read(id: source.id), .replace(id: source.id, fields), .remove(id: source.id)] {
    let request = call.request(baseURL: "https://example.com/v1", accessToken: "t")
    precondition(request.url.split(separator: "/", omittingEmptySubsequences: false).count == 6, "\(request.url)")
    precondition(request.url.utf8.allSatisfy { (0x21...0x7E).contains($0) })
  }
}

extension LeaseStanding {
  fileprivate var bytes: [UInt8] { Array(text.utf8) }
}
