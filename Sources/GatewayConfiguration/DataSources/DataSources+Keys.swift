import YAMLReading

extension Configuration.DataSources {
  /// Webex's.
  public static let defaultBaseURL = "https://webexapis.com/v1"

  init(_ section: Section) {
    baseURL = section.text("base_url", write: Self.defaultBaseURL) ?? Self.defaultBaseURL
    domains = section.texts("domains", maximum: 64, write: "a domain of the Service App, as in example.com")
      .compactMap { name, place in
        guard URLParts("https://\(name)")?.host == name, !name.hasPrefix(".") else {
          section.reading.report(
            place, "`\(name.quotedForMessage)` is not a domain", "write a name as in example.com, without https://")
          return nil
        }
        return name.lowercased()
      }
    applicationID = section.text("app_id", write: "the Service App's id")
    clientID = section.text("client_id", write: "the Service App's client id")
    clientSecret = section.secret("client_secret", write: "the path of a file with the client secret")
    refreshTokenFile = section.secretFile("refresh_token_file", write: "the path of a file with the refresh token")
    accessToken = section.secret("access_token", write: "the path of a file with an access token")
    renewBefore = section.duration(
      "renew_before", in: .seconds(60)...(.seconds(43_200)), default: .seconds(3_600))
    check = section.duration("check", in: .seconds(10)...(.seconds(3_600)), default: .seconds(60))
    form = section.section("form", write: "`form: {path: datasources}`").map(Form.init) ?? Form()
    lease = section.section("lease", write: "`lease: {file: /shared/patchbay.lease}`").map(Lease.init)
    section.finish()
    if !Self.isTrustworthy(baseURL) {
      section.reading.report(
        section.place(of: "base_url"), "secrets would be sent to \(baseURL.quotedForMessage)",
        "write an https URL (http on loopback only), or leave it out for \(Self.defaultBaseURL)")
    }
    if accessToken == nil {
      for (key, isThere) in [
        ("client_id", clientID != nil), ("client_secret_file", clientSecret != nil),
        ("refresh_token_file", refreshTokenFile != nil),
      ] where !isThere && !section.has(key) {
        section.reading.report(
          section.place, "`\(section.name(key))` is missing: there would be no access token",
          "write `\(key): …` as developer.webex.com shows it for the Service App")
      }
    } else if refreshTokenFile != nil {
      section.reading.report(
        section.place(of: "refresh_token_file"), "an access token is given too", "keep one of the two")
    }
  }

  private static func isTrustworthy(_ url: String) -> Bool {
    guard let parts = URLParts(url) else { return false }
    return parts.scheme == "https" || parts.scheme == "http" && parts.isLoopback
  }

  /// Checks what tenants ask for against what there is.
  static func check(_ dataSources: Self?, _ tenants: [Configuration.Tenant], _ whole: Section) {
    guard tenants.contains(where: { $0.dataSource != nil }),
      let entries = whole.always("identity").sections("tenants", maximum: 10_000), entries.count == tenants.count
    else { return }
    for (tenant, entry) in zip(tenants, entries) {
      guard let wanted = tenant.dataSource else { continue }
      guard let dataSources else {
        whole.reading.report(
          entry.place(of: "data_source"), "there is no `data_sources` that says how to register it",
          "write `data_sources: {client_id: …, client_secret_file: …, refresh_token_file: …, domains: […]}`")
        return
      }
      let host = URLParts(tenant.url)?.host.lowercased() ?? ""
      if !dataSources.domains.isEmpty, !dataSources.domains.contains(where: { host == $0 || host.hasSuffix("." + $0) })
      {
        whole.reading.report(
          entry.place(of: "url"), "\(host.quotedForMessage) is in none of `data_sources.domains`",
          "add its domain there and to the Service App, or correct the URL")
      }
      for (name, one, other) in [
        ("audience", wanted.audience, tenant.audience), ("subject", wanted.subject, tenant.subject),
      ] {
        guard let one, let other, one != other else { continue }
        whole.reading.report(
          entry.place(of: "data_source"),
          "tokens would be registered with another \(name) than `\(entry.name(name))` takes", "keep one of the two")
      }
      if wanted.id != nil, tenant.schemas.count > 1 {
        whole.reading.report(
          entry.place(of: "data_source"), "one id cannot be that of \(tenant.schemas.count) schemas",
          "leave `id` out, or list one schema")
      }
      if let file = wanted.refreshTokenFile, dataSources.applicationID == nil, BoundedFile.obstacle(file) != nil {
        whole.reading.report(
          entry.place(of: "data_source"), "\(file.quotedForMessage) is not there, and cannot be made without `app_id`",
          "write the refresh token into it, or `app_id` in `data_sources`")
      }
    }
  }
}

extension Configuration.DataSources.Form {
  init(_ section: Section) {
    path = section.choice("path", default: .dataSources)
    schema = section.choice("schema_id", default: .text)
    lifetime = section.choice("lifetime", default: .tokenLifetimeMinutes)
    number = section.choice("lifetime_as", default: .number)
    section.finish()
  }
}

extension Configuration.DataSources.Lease {
  init(_ section: Section) {
    section.require("file", write: "/shared/patchbay.lease")
    file = section.path("file", write: "the path of a file on storage that the servers share")?.0 ?? ""
    expiry = section.duration("expiry", in: .seconds(30)...(.seconds(3_600)), default: .seconds(60))
    announcement = section.duration("announcement", in: .zero...(.seconds(600)), default: .seconds(30))
    section.finish()
  }
}

extension Configuration.TenantDataSource {
  init(_ section: Section) {
    isRegistered = section.flag("register") ?? true
    id = section.text("id", maximum: 256, write: "the data source's id")
    lifetime = section.duration("lifetime", in: .seconds(60)...(.seconds(86_400)), default: .seconds(86_400))
    audience = section.text("audience", write: "the audience to register")
    subject = section.text("subject", write: "the subject to register")
    disabledBecause = section.text("disabled_because", write: "a reason, in quotes")
    refreshTokenFile =
      section.path(
        "refresh_token_file", write: "the path of a file for the organization's refresh token")?.0
    section.finish()
    if lifetime.components.seconds % 60 != 0 {
      section.reading.report(
        section.place(of: "lifetime"), "`\(section.name("lifetime"))` has to be whole minutes", "write it as in 60m")
    }
    if let refreshTokenFile, BoundedFile.obstacle(refreshTokenFile) == nil,
      BoundedFile.isOpenToOthers(refreshTokenFile)
    {
      section.reading.report(
        section.place(of: "refresh_token_file"), "the token can be read by others than its owner",
        "chmod 600 \(refreshTokenFile)")
    }
  }
}

extension Section {
  /// A secret: `KEY_file` or `KEY_variable`.
  fileprivate func secret(_ key: String, write: String) -> Secret? {
    let file = secretFile(key + "_file", write: write)
    let variable = text(key + "_variable", maximum: 128, write: "the name of an environment variable")
    if has(key + "_file"), has(key + "_variable") {
      reading.report(
        place(of: key + "_variable"), "`\(name(key))_file` and `\(name(key))_variable` are both given",
        "keep one of the two")
    }
    return file.map(Secret.file) ?? variable.map(Secret.variable)
  }
}
