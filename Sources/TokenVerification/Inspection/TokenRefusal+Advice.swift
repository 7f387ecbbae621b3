extension TokenRefusal {
  /// What whoever runs the server can do about it.
  public var advice: String {
    switch check {
    case .authorization:
      "It is to be sent once, in the \"authorization\" metadata: "
        + "the token, or Bearer, one space and the token; no quotes."
    case .size: "Webex's tokens are far smaller: whatever made this one did not make it for this server."
    case .structure, .encoding, .json:
      "The token was cut or changed on its way, or it is not a compact JWS. Copy it again, whole and on one line."
    case .algorithm, .type, .header:
      "Only RS256 tokens without further instructions are taken. A token of another kind was not made by Webex."
    case .keyID:
      "The header needs the id of one of the issuer's published keys."
    case .issuer:
      """
      If the token is from Webex, add this issuer under identity.issuers; it is compared character by character, and a list \
      there replaces the built-in one.
      """
    case .key:
      "The issuer publishes no such key (now). If it has just changed its keys, the new ones are fetched within 35 s."
    case .signature:
      "The token was changed after it was signed, or signed with another key than the one it names."
    case .claim: "The token does not have the form of a Webex data source's token."
    case .time: timeAdvice
    case .lifetime where problem == .endsBeforeItBegins:
      "Whatever made this token gave it no time to be valid in; Webex does not."
    case .lifetime: "Set the data source's tokenLifetimeMinutes to at most 1440."
    case .tenant: tenantAdvice
    case .revoked: "The nonce was revoked. Update the data source with a new nonce, which makes a new token."
    case .organization:
      "The message names another organization than the token: the client mixes up two customers."
    }
  }

  private var timeAdvice: String {
    if field == .expiry {
      return
        """
        The registration has lapsed unless this token is an old one: renew it (patchbay datasource renew; an update with \
        a new nonce makes a new token), or mint a new one. Is this machine's clock right?
        """
    }
    return "The token is from the future: compare this machine's clock with the issuer's."
  }

  private var tenantAdvice: String {
    switch field {
    case .organization:
      "Add the organization under identity.tenants if its calls are to be taken."
    case .url:
      "The tenant's url must be the data source's registered URL byte for byte: "
        + "scheme, case, port and final slash count."
    case .schema:
      "The data source is registered for another schema than the method that is called, or than the tenant allows."
    case .nonce:
      """
      The token is of another registration: `patchbay datasource show` tells the current token's claims. Where nonces are \
      configured, they must hold the one that the data source was updated with last.
      """
    default:
      "Write in the tenant's configuration what the data source is registered with, or leave it out there."
    }
  }
}
