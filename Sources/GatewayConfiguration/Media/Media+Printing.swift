import Yams

extension Configuration.Media {
  /// `receivers`; no key where there are none.
  func receiversNode(_ path: (String) -> Node) -> Node? {
    receivers.isEmpty ? nil : .list(receivers.map { $0.node(path) })
  }

  /// `forking`.
  var forkingNode: Node { .keys([("sample_rate", .plain("\(forkRate)"))]) }
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
  /// `meetings`.
  var node: Node {
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
