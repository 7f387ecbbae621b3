import Basics
import DataSources
import Secrets
import YAMLReading

extension Configuration.DataSources: KeyGroup {
  static var keys: [Key<Self>] {
    Key("base_url", \.baseURL, .text(), "The URL of Webex's interface; http on loopback only.")
    Key(
      "domains", \.domains,
      .names(64, "a domain", "write a name as in example.com, without https://", isDomain),
      "The Service App's domains: a URL elsewhere is refused before a request is sent; default any.")
    Key("app_id", \.applicationID, .text(), "The Service App's id; needed to request tenants' first tokens.")
    Key("client_id", \.clientID, .text(), "The Service App's client id.")
    Key("client_secret", \.clientSecret, .secret, "The client secret.")
    Key(
      "refresh_token_file", \.refreshTokenFile, .secretFile,
      "The path of a file with the refresh token; new ones are written there.")
    Key("access_token", \.accessToken, .secret, "An access token instead of a refresh token; it is not refreshed.")
    Key("renew_before", \.renewBefore, .duration(1.min...12.h), "The time before a token's end at which it is renewed.")
    Key(
      "check", \.check, .duration(10.s...1.h),
      "The time between two comparisons of a registration with the configuration.")
    Key(
      "form", \.form, .group, "The form of requests, for points on which Webex's documents differ.",
      hides: DataSourceForm())
    Key(
      "lease", \.lease, .group(write: "`lease: {file: /shared/patchbay.lease}`"),
      "The lease that chooses one of several servers to look after the registrations.")
    Key(
      "websocket", \.socketApp, .group(write: "`websocket: {client_id: …}`"),
      "The Service App of tenants with a `wss://` URL; without it, the same as of all others.")
  }

  fileprivate static func isDomain(_ name: String) -> Bool {
    URLParts("https://\(name)")?.host == name && !name.hasPrefix(".")
  }

  func check(_ section: Section) {
    if URLParts(baseURL)?.isTrustworthy != true {
      section.report(
        "base_url", "secrets would be sent to \(baseURL.quotedForMessage)",
        "write an https URL (http on loopback only), or leave it out for \(DataSourceClient.defaultBaseURL)")
    }
    app(ofSockets: false).checkTokens(section)
  }

  /// Checks what tenants ask for against what there is.
  static func check(_ dataSources: Self?, _ tenants: [Configuration.Tenant], _ whole: Section) {
    for (tenant, entry) in zip(tenants, whole.always("identity").entries("tenants")) {
      guard let wanted = tenant.dataSource else { continue }
      guard let dataSources else {
        entry.report(
          "data_source", "there is no `data_sources` that says how to register it",
          "write `data_sources: {client_id: …, client_secret_file: …, refresh_token_file: …, domains: […]}`")
        return
      }
      let host = URLParts(tenant.url)?.host.lowercased() ?? ""
      let app = dataSources.app(ofSockets: tenant.usesSocket)
      let place = tenant.usesSocket && dataSources.socketApp != nil ? "data_sources.websocket" : "data_sources"
      if !app.domains.isEmpty, !app.domains.contains(where: { host == $0 || host.hasSuffix("." + $0) }) {
        entry.report(
          "url", "\(host.quotedForMessage) is in none of `\(place).domains`",
          "add its domain there and to the Service App, or correct the URL")
      }
      for (name, one, other) in [
        ("audience", wanted.audience, tenant.audience), ("subject", wanted.subject, tenant.subject),
      ] {
        guard let one, let other, one != other else { continue }
        entry.report(
          "data_source", "tokens would be registered with another \(name) than `\(entry.name(name))` takes",
          "keep one of the two")
      }
      if wanted.id != nil, tenant.schemas.count > 1 {
        entry.report(
          "data_source", "one id cannot be that of \(tenant.schemas.count) schemas",
          "leave `id` out, or list one schema")
      }
      if let file = wanted.refreshTokenFile, app.applicationID == nil, BoundedFile.obstacle(file) != nil {
        entry.report(
          "data_source", "\(file.quotedForMessage) is not there, and cannot be made without `app_id`",
          "write the refresh token into it, or `app_id` in `\(place)`")
      }
    }
  }
}

extension Configuration.DataSources.App: KeyGroup {
  static var keys: [Key<Self>] {
    Key(
      "domains", \.domains,
      .names(64, "a domain", "write a name as in example.com, without https://", Configuration.DataSources.isDomain),
      "Its domains: a URL elsewhere is refused before a request is sent; default any.")
    Key("app_id", \.applicationID, .text(), "Its id; needed to request tenants' first tokens.")
    Key("client_id", \.clientID, .text(), "Its client id.")
    Key("client_secret", \.clientSecret, .secret, "Its client secret.")
    Key(
      "refresh_token_file", \.refreshTokenFile, .secretFile,
      "The path of a file with its refresh token; new ones are written there.")
    Key("access_token", \.accessToken, .secret, "An access token instead of a refresh token; it is not refreshed.")
  }

  func check(_ section: Section) { checkTokens(section) }

  /// Whether there is a way to an access token.
  fileprivate func checkTokens(_ section: Section) {
    if accessToken == nil {
      for (key, isThere) in [
        ("client_id", clientID != nil), ("client_secret_file", clientSecret != nil),
        ("refresh_token_file", refreshTokenFile != nil),
      ] where !isThere && !section.has(key) {
        section.report(
          nil, "`\(section.name(key))` is missing: there would be no access token",
          "write `\(key): …` as developer.webex.com shows it for the Service App")
      }
    } else if refreshTokenFile != nil {
      section.report("refresh_token_file", "an access token is given too", "keep one of the two")
    }
  }
}

extension DataSourceForm: KeyGroup {
  static var keys: [Key<Self>] {
    Key("path", \.path, .quotedChoice, "The path's spelling.")
    Key("schema_id", \.schema, .quotedChoice, "The schema's id as text, or as a list of one.")
    Key("lifetime", \.lifetime, .quotedChoice, "The name of the tokens' life.")
    Key("lifetime_as", \.number, .quotedChoice, "The tokens' life as a number, or as text.")
  }
}

extension Configuration.DataSources.Lease: KeyGroup {
  static var keys: [Key<Self>] {
    Key("file", \.file, .path, "The path of a file on storage that the servers share.")
    Key("redis", \.isInRedis, .flag, "The lease is in the Redis of `cluster`, instead of a file.")
    Key("expiry", \.expiry, .duration(30.s...1.h), "The time after which another server replaces one that is gone.")
    Key(
      "announcement", \.announcement, .duration(0.s...10.min),
      "The time before a new nonce is used, so that other servers learn of it first.")
  }

  func check(_ section: Section) {
    guard isInRedis == (file != nil) else { return }
    section.report(
      isInRedis ? "redis" : nil, isInRedis ? "the lease is in a file already" : "it is not said where the lease is",
      isInRedis ? "keep one of the two" : "write `file: /shared/patchbay.lease`, or `redis: true` with a `cluster`")
  }
}

extension Configuration.TenantDataSource: KeyGroup {
  static var keys: [Key<Self>] {
    Key("register", \.isRegistered, .flag, "Whether `serve` makes and renews the registration.")
    Key("id", \.id, .text(256), "The data source's id, if it is known.", standard: "found by schema and URL")
    Key("lifetime", \.lifetime, .duration(1.min...1.d), "The life of a token, in whole minutes.")
    Key("audience", \.audience, .text(), "The audience to register.", standard: "the tenant's")
    Key("subject", \.subject, .text(), "The subject to register.", standard: "the tenant's")
    Key("disabled_because", \.disabledBecause, .text(), "A reason, in quotes; Webex then shows it and does not call.")
    Key(
      "refresh_token_file", \.refreshTokenFile, .path,
      "The path of a file for the organization's refresh token; the server makes it if it is missing.")
  }

  func check(_ section: Section) {
    if lifetime.components.seconds % 60 != 0 {
      section.report("lifetime", "`\(section.name("lifetime"))` has to be whole minutes", "write it as in 60m")
    }
    if let refreshTokenFile, BoundedFile.obstacle(refreshTokenFile) == nil,
      BoundedFile.isOpenToOthers(refreshTokenFile)
    {
      section.report(
        "refresh_token_file", "the token can be read by others than its owner", "chmod 600 \(refreshTokenFile)")
    }
  }
}
