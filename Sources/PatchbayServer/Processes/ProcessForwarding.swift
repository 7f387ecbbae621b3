import AdminServer
import Foundation
import HTTPFetching
import HTTPServing
import Ownership

/// Asks processes at their own admin ports, of which nobody else has the token.
struct ProcessForwarding: Sendable {
  let table: ProcessTable

  private static let exchange = CurlExchange(
    limits: .init(connectMilliseconds: 500, totalMilliseconds: 3_000, maximumBytes: 16 << 20))

  /// A process's answer; `nil` where it gives none.
  func ask(
    _ process: Int, _ method: HTTPRequest.Method = .get, _ path: String, body: [UInt8]? = nil,
    authorization: String? = nil
  ) async -> HTTPAnswer? {
    let port = table.adminPort(of: process)
    let path = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed)
    guard port != 0, let path else { return nil }
    let request = HTTPRequest(
      method, "http://127.0.0.1:\(port)\(path)",
      fields: [.init("Authorization", authorization ?? "Bearer \(table.plan.secret)")], body: body)
    return try? await Self.exchange.perform(request)
  }

  /// The answers of all processes that give one, by their numbers.
  func askAll(
    _ method: HTTPRequest.Method = .get, _ path: String, body: [UInt8]? = nil, authorization: String? = nil
  ) async -> [(process: Int, answer: HTTPAnswer)] {
    await withTaskGroup(of: (Int, HTTPAnswer?).self) { group in
      for process in 0..<table.plan.processes {
        group.addTask { (process, await ask(process, method, path, body: body, authorization: authorization)) }
      }
      var answers: [(process: Int, answer: HTTPAnswer)] = []
      for await (process, answer) in group {
        if let answer { answers.append((process, answer)) }
      }
      return answers.sorted { $0.process < $1.process }
    }
  }

  // MARK: What the admin port forwards

  /// What is to be asked of processes for a request; `nil` where the supervisor answers itself.
  func work(for request: ServerRequest, whole: @escaping @Sendable (inout StatusSnapshot) -> Void)
    -> (@Sendable () async -> ForwardedAnswer)?
  {
    let parts = request.path.split(separator: "/", maxSplits: 2).map(String.init)
    switch (request.method, parts.first ?? "", parts.count) {
    case ("GET", "status", 1), ("HEAD", "status", 1): return { await status(whole) }
    case ("GET", "status", 3) where parts[1] == "calls":
      guard let number = Int(parts[2]), let place = StatusSnapshot.process(ofCall: number) else { return nil }
      return { await call(place.id, of: place.process) }
    case ("GET", "status", 3) where parts[1] == "find": return { await found(request.path) }
    case ("POST", "revocations", 1): return { await everywhere(request) }
    case ("POST", "tokens", 2): return { await first(request) }
    case ("POST", "2010-04-01", _): return { await ending(request) }
    default: return nil
    }
  }

  private static let nobody = ForwardedAnswer.response(.text(503, "no process answers"))

  private func status(_ whole: @Sendable (inout StatusSnapshot) -> Void) async -> ForwardedAnswer {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let parts = await askAll(.get, "/status").compactMap { process, answer -> (process: Int, status: StatusSnapshot)? in
      guard answer.status == 200,
        let status = try? decoder.decode(StatusSnapshot.self, from: Data(answer.body))
      else { return nil }
      return (process, status)
    }
    var status = StatusSnapshot(merging: parts)
    whole(&status)
    return .status(status)
  }

  /// A call with its timeline, under the number that it has among all processes' calls.
  private func call(_ id: Int, of process: Int) async -> ForwardedAnswer {
    guard let answer = await ask(process, .get, "/status/calls/\(id)") else { return Self.nobody }
    guard answer.status == 200, var details = Self.object(answer) else { return Self.text(answer) }
    if let call = details["call"] { details["call"] = Self.renumbered(call, process) }
    return Self.json(details)
  }

  /// The calls that a search finds in any process.
  private func found(_ path: String) async -> ForwardedAnswer {
    var whole: [String: Any] = [:]
    for (process, answer) in await askAll(.get, path) where answer.status == 200 {
      for (key, value) in Self.object(answer) ?? [:] {
        if let calls = value as? [Any] {
          whole[key] = (whole[key] as? [Any] ?? []) + calls.map { Self.renumbered($0, process) }
        } else if let count = value as? Int {
          whole[key] = (whole[key] as? Int ?? 0) + count
        }
      }
    }
    return whole.isEmpty ? Self.nobody : Self.json(whole)
  }

  /// What holds for all: the first answer that is not well, or else the first.
  private func everywhere(_ request: ServerRequest) async -> ForwardedAnswer {
    let answers = await askAll(.post, request.path, body: request.body)
    guard let answer = (answers.first { $0.answer.status != 200 } ?? answers.first)?.answer else { return Self.nobody }
    return Self.text(answer)
  }

  /// What any process can answer.
  private func first(_ request: ServerRequest) async -> ForwardedAnswer {
    for process in 0..<table.plan.processes {
      if let answer = await ask(process, .post, request.path, body: request.body) { return Self.text(answer) }
    }
    return Self.nobody
  }

  /// The end of a call, in whichever process it is.
  private func ending(_ request: ServerRequest) async -> ForwardedAnswer {
    let answers = await askAll(
      .post, request.path, body: request.body, authorization: request.authorization
    ).map(\.answer)
    let answer = answers.first { $0.status == 200 } ?? answers.first { $0.status != 404 } ?? answers.first
    return answer.map(Self.text) ?? Self.nobody
  }

  // MARK: JSON

  private static func object(_ answer: HTTPAnswer) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any]
  }

  private static func renumbered(_ value: Any, _ process: Int) -> Any {
    guard var call = value as? [String: Any], let id = call["id"] as? Int else { return value }
    call["id"] = StatusSnapshot.number(ofCall: id, in: process)
    return call
  }

  private static func json(_ object: [String: Any]) -> ForwardedAnswer {
    guard let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]) else {
      return .response(.text(500, "the answer cannot be written as JSON"))
    }
    return .response(ServerResponse(status: 200, contentType: "application/json", body: Array(data) + [0x0A]))
  }

  private static func text(_ answer: HTTPAnswer) -> ForwardedAnswer {
    let isJSON = answer.body.first == UInt8(ascii: "{")
    return .response(
      ServerResponse(
        status: answer.status, contentType: isJSON ? "application/json" : "text/plain; charset=utf-8", body: answer.body
      ))
  }
}
