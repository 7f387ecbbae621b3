/// The dashboard: one page without anything from elsewhere, which reads `/status` every other second.
enum Dashboard {
  /// Only the page's own style and script run, and it can only talk to this server.
  static let contentSecurityPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  static let html = """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Patchbay</title>
    <link rel="icon" href="data:,">
    <style>
    :root {
      color-scheme: light dark;
      --ground: light-dark(#f4f5f7, #101318); --card: light-dark(#fff, #191e26); --line: light-dark(#e1e4ea, #2a313c);
      --text: light-dark(#1b2230, #e8ecf3); --soft: light-dark(#667085, #94a0b3); --accent: light-dark(#0f6fde, #58a6ff);
      --good: light-dark(#12805c, #3fcf97); --bad: light-dark(#c0362c, #ff7b72);
    }
    * { box-sizing: border-box; margin: 0 }
    body { background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, sans-serif; padding: 28px 20px }
    main { max-width: 1080px; margin: 0 auto }
    header { display: flex; align-items: center; gap: 14px; margin-bottom: 22px; flex-wrap: wrap }
    h1 { font-size: 22px; letter-spacing: -.02em }
    h2 { font-size: 12px; font-weight: 600; color: var(--soft); text-transform: uppercase; letter-spacing: .06em }
    .state { padding: 3px 12px; border-radius: 99px; font-size: 13px; font-weight: 600;
      color: var(--tone); background: color-mix(in srgb, var(--tone) 14%, transparent) }
    .meta { margin-left: auto; color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums }
    .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 14px; margin-bottom: 14px }
    section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px }
    .big { font-size: 40px; font-weight: 650; letter-spacing: -.03em; font-variant-numeric: tabular-nums; line-height: 1.2 }
    .big small { font-size: 15px; color: var(--soft); font-weight: 450; letter-spacing: 0 }
    .figures { display: flex; gap: 26px; color: var(--soft); font-size: 13px } .figures .big { font-size: 30px;
      color: var(--text) }
    .note { color: var(--soft); font-size: 13px; margin-top: 12px }
    .bar { height: 5px; border-radius: 3px; background: var(--line); margin-top: 6px; overflow: hidden }
    .bar i { display: block; height: 100%; width: 0; background: var(--accent) }
    svg { display: block; width: 100%; height: 44px; margin-top: 12px; overflow: visible }
    dl { display: grid; grid-template-columns: 1fr auto; gap: 5px 14px; margin-top: 10px }
    dt { color: var(--soft) } dd { font-variant-numeric: tabular-nums; text-align: right; font-weight: 550 }
    table { width: 100%; border-collapse: collapse; margin-top: 10px; font-variant-numeric: tabular-nums }
    th, td { text-align: left; padding: 7px 10px 7px 0; border-top: 1px solid var(--line); white-space: nowrap }
    th { border: 0; color: var(--soft); font-size: 13px; font-weight: 500 } .right { text-align: right; padding-right: 0 }
    td.id { font-family: ui-monospace, monospace; font-size: 13px; overflow: hidden; text-overflow: ellipsis;
      max-width: 300px }
    td.right, th.right { padding-left: 14px } .doing::before { content: ""; display: inline-block; width: 8px; height: 8px;
      border-radius: 4px; margin-right: 8px; background: var(--soft) }
    .speaking::before { background: var(--accent) } .listening::before { background: var(--good) }
    .scroll { overflow-x: auto } .empty { color: var(--soft); padding: 14px 0 2px }
    #reasons { color: var(--bad); margin-bottom: 14px }
    </style>
    </head>
    <body>
    <main>
    <header>
      <h1>Patchbay</h1><span class="state" id="state">…</span><span class="meta" id="meta"></span>
    </header>
    <p id="reasons" hidden></p>
    <div class="grid">
      <section><h2>Live calls</h2><div class="big"><span id="live">–</span> <small id="limit"></small></div>
        <div class="bar"><i id="load"></i></div>
        <svg id="chart" viewBox="0 0 120 44" preserveAspectRatio="none" role="img" aria-label="Live calls, last minutes">
          <path id="area" fill="var(--accent)" opacity=".14"></path>
          <path id="curve" fill="none" stroke="var(--accent)" stroke-width="2" vector-effect="non-scaling-stroke"></path>
        </svg></section>
      <section><h2>Turn latency</h2><div class="figures">
        <div><div class="big" id="p50">–</div>p50</div><div><div class="big" id="p90">–</div>p90</div>
        <div><div class="big" id="p99">–</div>p99</div></div>
        <p class="note">milliseconds from the end of the caller's turn to the bot's first answer,
        <span id="turns">no turn yet</span></p></section>
      <section><h2>Since the start</h2><dl id="counters"></dl></section>
    </div>
    <section><h2>Calls</h2><div class="scroll"><table hidden id="table"><thead><tr><th>conversation<th>tenant<th>agent
      <th>state<th class="right">turns<th class="right">time</tr></thead><tbody id="calls"></tbody></table></div>
      <p class="empty" id="empty">No call is up.</p></section>
    </main>
    <script>
    const at = id => document.getElementById(id)
    const history = []
    const two = n => String(n).padStart(2, '0')
    const clock = s => { s = Math.floor(s); const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24
      return (d ? d + ' d ' : '') + (d || h ? h + ':' : '') + (d || h ? two(Math.floor(s / 60) % 60) : Math.floor(s / 60) % 60)
        + ':' + two(s % 60) }
    const number = n => Number(n).toLocaleString('en')
    const cell = (row, text, kind) => { const td = row.insertCell(); td.textContent = text; td.className = kind || '' }
    const ms = v => v < 10 ? v.toFixed(1) : number(Math.round(v))
    function state(text, tone) { at('state').textContent = text; at('state').style.setProperty('--tone', 'var(--' + tone + ')') }
    function draw() {
      const top = Math.max(1, ...history), step = 120 / 119
      const points = history.map((v, i) => ((120 - history.length + i) * step).toFixed(1) + ' ' + (42 - 38 * v / top).toFixed(1))
      at('curve').setAttribute('d', 'M' + points.join('L'))
      at('area').setAttribute('d', 'M' + ((120 - history.length) * step).toFixed(1) + ' 44L' + points.join('L') + 'L120 44Z')
    }
    function show(s) {
      const ready = s.reasons.length === 0
      state(ready ? 'taking calls' : 'not taking calls', ready ? 'good' : 'bad')
      at('reasons').hidden = ready; at('reasons').textContent = s.reasons.join(' · ')
      at('meta').textContent = 'version ' + s.version + ' · up ' + clock(s.uptime)
      at('live').textContent = number(s.liveCalls); at('limit').textContent = 'of ' + number(s.callLimit)
      at('load').style.width = 100 * Math.min(1, s.liveCalls / Math.max(1, s.callLimit)) + '%'
      history.push(s.liveCalls); if (history.length > 120) history.shift()
      draw()
      const l = s.turnLatency
      for (const p of ['p50', 'p90', 'p99']) at(p).textContent = l ? ms(l[p]) : '–'
      at('turns').textContent = l ? 'of ' + number(l.count) + (l.count === 1 ? ' turn' : ' turns') : 'no turn yet'
      at('counters').replaceChildren(...s.counters.flatMap(c => {
        const dt = document.createElement('dt'), dd = document.createElement('dd')
        dt.textContent = c.name; dd.textContent = number(c.value); return [dt, dd] }))
      const rows = document.createElement('tbody'); rows.id = 'calls'
      for (const c of s.calls.sort((a, b) => b.seconds - a.seconds)) { const row = rows.insertRow()
        cell(row, c.conversation, 'id'); cell(row, c.tenant, 'id'); cell(row, c.agent)
        cell(row, c.state, 'doing ' + (/^[a-z]+$/.test(c.state) ? c.state : ''))
        cell(row, number(c.turns), 'right'); cell(row, clock(c.seconds), 'right') }
      at('calls').replaceWith(rows)
      at('table').hidden = s.calls.length === 0
      at('empty').hidden = s.calls.length > 0 && s.calls.length === s.liveCalls
      at('empty').textContent = s.liveCalls === 0 ? 'No call is up.' : 'and ' + number(s.liveCalls - s.calls.length) + ' more'
    }
    async function tick() {
      try {
        const answer = await fetch('status', { cache: 'no-store' })
        if (!answer.ok) throw new Error(answer.status)
        show(await answer.json())
      } catch { state('no answer', 'bad') }
      setTimeout(tick, 2000)
    }
    tick()
    </script>
    </body>
    </html>
    """
}
