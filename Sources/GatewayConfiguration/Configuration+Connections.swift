import GRPCTransport
import YAMLReading
import Yams

extension CoreGuard.ConnectionLimits: KeyGroup {
  static var keys: [Key<Self>] {
    Key("open", \.open, .integer(1...1_000_000), "Connections that are open at once.")
    Key("per_source", \.perSource, .integer(1...1_000_000), "The same from one address; for IPv6, from one /64.")
    Key("per_second", \.perSecond, .integer(1...1_000_000), "New ones a second; one address gets half at most.")
    Key("trusted", \.trusted, .ranges, "Addresses without the last two limits, such as those of an edge.")
  }
}

extension Form where Value == [CoreGuard.AddressRange] {
  fileprivate static var ranges: Self {
    let one = "an address or a range of addresses, as 192.0.2.10 or 2001:db8::/32"
    return texts(64, one, printsEmpty: true, print: { Node($0.map { .text($0.description) }, .implicit, .flow) }) {
      section, text, place in
      let range = CoreGuard.AddressRange(text)
      if range == nil { section.report(place, "`\(section.name("trusted"))` cannot hold", text, write: one) }
      return range
    }
  }
}
