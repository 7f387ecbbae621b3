import GRPCTransport
import ReplayKit
import TokenVerification
import WebexProtocol

// Who may call.
extension ConformanceCase {
  static let identity: [ConformanceCase] = [
    ConformanceCase("token: missing") { [try await refused("token.missing", nil, $0)] }.overBothWires,
    ConformanceCase("token: garbage") { [try await refused("token.garbage", "Bearer garbage", $0)] }.overBothWires,
    ConformanceCase("token: signature") { bench in
      try await changed("token.signature", bench) { parts in
        // In the middle: the last character of a signature has bits that say nothing.
        var signature = Array(parts[2])
        guard !signature.isEmpty else { return parts }
        let middle = signature.count / 2
        signature[middle] = signature[middle] == "A" ? "B" : "A"
        return [parts[0], parts[1], String(signature)]
      }
    }.overBothWires,
    ConformanceCase("token: unsigned") { bench in
      try await changed("token.unsigned", bench) { parts in
        [Base64URL.encode(#"{"alg":"none","typ":"JWT"}"#.utf8), parts[1], ""]
      }
    }.overBothWires,
    ConformanceCase("token: forged") { bench in
      let issuer = try DevelopmentIssuer()
      return try await changed("token.forged", bench) { parts in
        let text = { (part: String) throws in String(decoding: try Base64URL.decode(part), as: UTF8.self) }
        let forged = try issuer.sign(header: try text(parts[0]), payload: try text(parts[1]))
        return forged.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      }
    }.overBothWires,
    ConformanceCase("token: expired") { try await minted("token.expired", .expired, $0) }.overBothWires,
    ConformanceCase("token: another URL") { try await minted("token.url", .url, $0) }.overBothWires,
    ConformanceCase("token: another schema") { try await minted("token.schema", .schema, $0) }.overBothWires,
    ConformanceCase("token: another organization") { bench in
      if bench.isSocket {
        let call = try await bench.call([]) { settings, _ in
          settings.organization = "00000000-0000-4000-8000-00000000beef"
        }
        return [call.isRefused ? .passed("token.organization") : .failed("token.organization", call)]
      }
      let request = VoiceRequest(
        conversationID: RandomID.make(), organizationID: "00000000-0000-4000-8000-00000000beef",
        agentID: bench.plan.settings.agent, input: .event(.init(.sessionStart)))
      let result = await bench.run(
        Probe(path: CallRoute.path, metadata: bench.good, opening: [request.encoded()], patience: .seconds(5)))
      return [judge("token.organization", result, result.isRefused)]
    }.overBothWires,
    ConformanceCase("token: bare") { bench in
      guard let token = bench.plan.route.token else { return [.skipped("token.bare", "There is no token.")] }
      let result = await bench.event(.sessionStart, RandomID.make(), metadata: bench.metadata(authorization: token))
      return [judge("token.bare", result, result.isAnswered)]
    },
    ConformanceCase("tenants") { bench in
      guard let second = bench.plan.second else {
        return [.skipped("tenants.apart", "Give a token of another organization: --second-token FILE.")]
      }
      let id = RandomID.make()
      _ = await bench.event(.sessionStart, id)
      let request = VoiceRequest(
        conversationID: id, organizationID: second.organization, agentID: bench.plan.settings.agent,
        input: .event(.init(.sessionStart)))
      let result = await bench.run(
        Probe(
          path: CallRoute.path, metadata: bench.metadata(authorization: "Bearer \(second.token)"),
          opening: [request.encoded()]))
      // The greeting of a conversation of its own; a repeated start would be answered without prompts.
      let isGreeted =
        result.voice?.contains { $0.prompts.contains { $0.audio?.isEmpty == false || $0.text != nil } } ?? false
      return [judge("tenants.apart", result, isGreeted)]
    },
  ]

  private static func refused(_ rule: String, _ authorization: String?, _ bench: Bench) async throws -> Judgement {
    if bench.isSocket {
      // Before the upgrade: 401, or 403.
      let call = try await bench.call([]) { _, route in route.socket?.authorization = authorization }
      return call.isRefused ? .passed(rule) : .failed(rule, call)
    }
    let result = await bench.run(
      Probe(
        path: CallRoute.path, metadata: bench.metadata(authorization: authorization),
        opening: [bench.request(.event(.init(.sessionStart)), RandomID.make())], patience: .seconds(5)))
    return judge(rule, result, result.isRefused)
  }

  private static func changed(_ rule: String, _ bench: Bench, _ change: ([String]) throws -> [String]) async throws
    -> [Judgement]
  {
    guard let token = bench.plan.route.token else { return [.skipped(rule, "There is no token.")] }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3 else { return [.skipped(rule, "The token has not three parts.")] }
    return [try await refused(rule, "Bearer " + (try change(parts)).joined(separator: "."), bench)]
  }

  private static func minted(_ rule: String, _ change: TokenChange, _ bench: Bench) async throws -> [Judgement] {
    guard let mint = bench.plan.mint else {
      return [.skipped(rule, "Give the key of an issuer that the server trusts: --key FILE.")]
    }
    return [try await refused(rule, "Bearer " + (try mint(change)), bench)]
  }
}

extension HeldCall {
  /// Nothing was said but that the caller may not call.
  fileprivate var isRefused: Bool {
    guard case .failed(let failure) = outcome, case .status(let code, _) = failure.reason else { return false }
    // INVALID_ARGUMENT is another organization than the token's, in an ERROR.
    return [3, 7, 16].contains(code) && !caller.turns.contains { $0.firstAudio != nil || $0.result == .answered }
  }
}

extension Judgement {
  fileprivate static func failed(_ rule: String, _ call: HeldCall) -> Judgement {
    .failed(rule, "The call ended so: \(call.outcome.text).", call.lines())
  }
}

extension ProbeResult {
  /// UNAUTHENTICATED or PERMISSION_DENIED, and nothing before it.
  fileprivate var isRefused: Bool {
    responses.isEmpty && (status?.code == .unauthenticated || status?.code == .permissionDenied)
  }
}

// What is beside conversations.
extension ConformanceCase {
  static let services: [ConformanceCase] = [
    ConformanceCase("agents") { bench in
      let path = "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/ListVirtualAgents"
      let request = ListAgentsRequest(organizationID: bench.plan.settings.organization).encoded()
      let list = await bench.run(Probe(path: path, metadata: bench.good, opening: [request]))
      let agents = list.responses.first.flatMap { response in
        try? response.bytes.withUnsafeBytes { try ListAgentsResponse(decoding: $0) }
      }?.agents
      let isGood =
        agents.map { agents in
          !agents.isEmpty && Set(agents.map(\.id)).count == agents.count && !agents.contains { $0.id.isEmpty }
            && agents.count(where: \.isDefault) <= 1
        } ?? false
      let open = await bench.run(
        Probe(path: path, metadata: bench.metadata(authorization: nil), opening: [request], patience: .seconds(5)))
      return [
        isGood && list.status?.isOK == true
          ? .passed("agent.list")
          : .failed("agent.list", "The list has \(agents.map { "\($0.count)" } ?? "no readable") agents.", list.lines),
        judge("agent.list-guarded", open, open.isRefused),
      ]
    },
    ConformanceCase("unknown agent") { bench in
      let request = VoiceRequest(
        conversationID: RandomID.make(), organizationID: bench.plan.settings.organization,
        agentID: "no-such-agent-\(RandomID.make().prefix(8))", input: .event(.init(.sessionStart)))
      let result = await bench.run(
        Probe(path: CallRoute.path, metadata: bench.good, opening: [request.encoded()], patience: .seconds(5)))
      return [judge("agent.unknown", result, result.status?.code == .notFound)]
    },
    ConformanceCase("health") { bench in
      var lines: [String] = []
      for service in ["grpc.health.v1.Health", "com.cisco.wcc.ccai.v1.Health"] {
        let result = await bench.run(
          Probe(
            path: "/\(service)/Check", metadata: bench.metadata(authorization: nil), opening: [[]],
            patience: .seconds(5)))
        // HealthCheckResponse with `status` 1: SERVING.
        if result.status?.isOK == true, result.responses.first?.bytes == [0x08, 0x01] {
          return [.passed("health.check", service)]
        }
        lines += ["\(service):"] + result.lines
      }
      return [.failed("health.check", "Neither health service answers SERVING.", lines)]
    },
    ConformanceCase("unknown method") { bench in
      let result = await bench.run(
        Probe(
          path: "/com.cisco.wcc.ccai.media.v1.VoiceVirtualAgent/NoSuchMethod", metadata: bench.good, opening: [[]],
          patience: .seconds(5)))
      return [judge("method.unknown", result, result.status?.code == .unimplemented)]
    },
  ]
}
