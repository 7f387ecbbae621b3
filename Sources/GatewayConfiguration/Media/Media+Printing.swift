import Yams

extension Configuration.Media {
  /// The keys as YAML.
  func keys(_ path: (String) -> Node) -> [(String, Node?)] {
    [
      ("receivers", receivers.isEmpty ? nil : .list(receivers.map { $0.node(path) })),
      ("forking", .keys([("sample_rate", .plain("\(forkRate)"))])),
      ("meetings", meetings.node),
    ]
  }
}

extension Configuration.Receiver {
  fileprivate func node(_ path: (String) -> Node) -> Node {
    var keys: [(String, Node?)] = [("id", .text(id)), ("kind", .plain(kind.name))]
    if case .grpc(let endpoint) = kind {
      keys.append(("url", .text(endpoint.url)))
      keys += endpoint.keys(path, authorization: "authorization")
    }
    return .keys(keys + [("takes", .texts(takes.map(\.rawValue))), ("tenants", .texts(tenants))])
  }
}

extension Configuration.Meetings {
  fileprivate var node: Node {
    .keys([
      ("sample_rate", .plain("\(sampleRate)")),
      ("audio", .keys([("codec", .plain(codec.rawValue)), ("streams", .plain("\(audioStreams)"))])),
      (
        "video",
        .keys([
          ("streams", .plain("\(videoStreams)")), ("resolution", .plain(resolution.rawValue)),
          ("frames_per_second", .plain("\(framesPerSecond)")),
        ])
      ),
    ])
  }
}
