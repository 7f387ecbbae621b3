// A fuzz target for libFuzzer: what a Redis server sends, in pieces. Built and run by Scripts/fuzz,
// together with the reader's own files.

/// Values in an answer, with those in arrays.
private func count(_ value: RESPValue) -> Int { 1 + (value.array?.reduce(0) { $0 + count($1) } ?? 0) }

/// Arrays in arrays.
private func depth(_ value: RESPValue) -> Int { value.array.map { 1 + ($0.map(depth).max() ?? 0) } ?? 0 }

/// What comes of bytes in pieces of so many, and how it ends.
private func answers(_ input: [UInt8], pieces: Int, _ limits: RESPParser.Limits) -> ([RESPValue], RESPError?) {
  var parser = RESPParser(limits)
  var values: [RESPValue] = []
  var rest = input[...]
  while !rest.isEmpty {
    let piece = Array(rest.prefix(pieces))
    rest = rest.dropFirst(piece.count)
    do throws(RESPError) { try parser.feed(piece.span) { values.append($0) } } catch { return (values, error) }
  }
  return (values, nil)
}

/// libFuzzer calls this for every input: how long the pieces are, then the bytes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRedisAnswers(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  guard let first = input.first else { return 0 }
  var limits = RESPParser.Limits()
  (limits.string, limits.values, limits.bytes, limits.depth) = (4_096, 256, 16_384, 4)
  let bytes = Array(input.dropFirst())
  let whole = answers(bytes, pieces: .max, limits)
  let inPieces = answers(bytes, pieces: Int(first) + 1, limits)
  precondition(whole.0 == inPieces.0 && whole.1 == inPieces.1, "pieces change what is read")
  for value in whole.0 {
    // An empty array costs no depth.
    precondition(count(value) <= limits.values && depth(value) <= limits.depth + 1, "an answer beyond its bounds")
  }
  return 0
}
