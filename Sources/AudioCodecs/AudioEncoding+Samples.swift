extension AudioEncoding {
  /// Encodes linear samples.
  public func encode(_ samples: [Int16]) -> [UInt8] {
    samples.withUnsafeBufferPointer { encode($0) }
  }

  /// Encodes linear samples.
  public func encode(_ samples: UnsafeBufferPointer<Int16>) -> [UInt8] {
    let count = samples.count * bytesPerSample
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      switch self {
      case .mulaw:
        for index in 0..<samples.count { bytes.initializeElement(at: index, to: G711.mulaw(samples[index])) }
      case .alaw:
        for index in 0..<samples.count { bytes.initializeElement(at: index, to: G711.alaw(samples[index])) }
      case .linear16:
        for index in 0..<samples.count {
          let sample = UInt16(bitPattern: samples[index])
          bytes.initializeElement(at: 2 * index, to: UInt8(truncatingIfNeeded: sample))
          bytes.initializeElement(at: 2 * index + 1, to: UInt8(truncatingIfNeeded: sample >> 8))
        }
      }
      initialized = count
    }
  }

  /// Decodes whole samples; an odd byte at the end of linear samples is left out. For a stream use
  /// ``CallerAudioDecoder``.
  public func decode(_ bytes: some Collection<UInt8>) -> [Int16] {
    if let samples = bytes.withContiguousStorageIfAvailable({ decode(contiguous: UnsafeRawBufferPointer($0)) }) {
      return samples
    }
    return Array(bytes).withUnsafeBytes { decode(contiguous: $0) }
  }

  private func decode(contiguous bytes: UnsafeRawBufferPointer) -> [Int16] {
    let count = bytes.count / bytesPerSample
    return [Int16](unsafeUninitializedCapacity: count) { samples, initialized in
      decode(bytes, into: samples)
      initialized = count
    }
  }

  /// Decodes the whole samples of `bytes` into `output`, which has room for them.
  public func decode(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<Int16>) {
    switch self {
    case .mulaw: G711.decode(bytes, table: G711.mulawTable, into: output)
    case .alaw: G711.decode(bytes, table: G711.alawTable, into: output)
    case .linear16:
      for index in 0..<bytes.count / 2 {
        output[index] = Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self))
      }
    }
  }
}
