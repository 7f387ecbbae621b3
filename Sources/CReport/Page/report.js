// Draws a load's report from the data in the page. All text is put in as text, never as markup.
(() => {
  'use strict'
  const { report, other, samples } = JSON.parse(document.getElementById('data').textContent)
  const at = id => document.getElementById(id)
  const element = (name, classes, ...children) => {
    const made = document.createElement(name)
    if (classes) made.className = classes
    made.append(...children)
    return made
  }
  const tone = (made, value) => { made.dataset.tone = value; return made }
  const whole = value => value.toLocaleString('en-US', { maximumFractionDigits: 0 })
  const milliseconds = value => value === undefined || value === null ? '–' : value < 10 ? value.toFixed(1) : whole(value)
  const color = name => {
    const probe = document.body.appendChild(element('span'))
    probe.style.color = `var(${name})`
    const found = getComputedStyle(probe).color
    probe.remove()
    return found
  }
  const measures = {
    turnLatency: ['turn latency', 'From the true end of the caller’s speech, the last key or the event to the first audio of the answer.'],
    endDelay: ['END after true end', 'From the true end of speech to END_OF_INPUT: the end silence is part of it.'],
    answerAfterEnd: ['answer after END', 'From END_OF_INPUT to the first audio of the answer.'],
    greeting: ['greeting', 'From SESSION_START to the first audio of the greeting.'],
    startDelay: ['START after true start', 'From the true start of speech to START_OF_INPUT.'],
    connect: ['connect', 'From opening the call’s first RPC to the server’s headers.'],
    callDelay: ['call delay', 'From when a call was due to when it was begun.'],
    pacingLag: ['pacing lag', 'How late the replayer itself was: part of every other time.'],
  }
  const there = Object.keys(measures).filter(name => report[name])

  function table(host, heads, rows, right = []) {
    const line = (cells, cell) => element('tr', '', ...cells.map((value, index) => {
      const made = element(index === 0 && cell === 'td' ? 'th' : cell, right.includes(index) ? 'right' : '')
      made.append(value)
      return made
    }))
    host.replaceChildren(element('thead', '', line(heads, 'th')), element('tbody', '', ...rows.map(row => line(row, 'td'))))
  }

  // The verdict
  function showVerdict() {
    const verdict = report.verdict
    const passed = !verdict || verdict.passed
    tone(at('verdict'), passed ? 'good' : 'bad')
    const broken = verdict ? verdict.requirements.filter(one => !one.kept).length : 0
    at('head').textContent = passed ? 'Passed' : `Failed: ${broken} of ${verdict.requirements.length} requirements not kept`
    document.title = `${passed ? 'Passed' : 'Failed'}: replay at ${report.about?.target ?? ''}`
    const errors = Object.values(report.errors).reduce((sum, count) => sum + count, 0)
    const parts = [`${whole(report.calls)} calls, ${whole(report.turns)} turns, ${whole(errors)} errors in ${report.wallSeconds} s`]
    if (report.turnLatency) parts.push(`turn latency p50 ${milliseconds(report.turnLatency.p50)} ms, p99 ${milliseconds(report.turnLatency.p99)} ms`)
    if (report.capacity) parts.push(report.capacity.highest === undefined || report.capacity.highest === null
      ? 'no load was kept' : `the highest load that was kept is ${report.capacity.highest} ${report.capacity.unit}`)
    at('sentence').textContent = parts.join(' · ')
    const late = report.lateFrames
    if (report.about?.replayerLate) {
      at('warning').hidden = false
      at('warning').textContent = `The replayer itself was too slow: ${whole(late)} of ${whole(report.framesSent)} frames left 20 ms late or later. These figures tell of its own machine as much as of the server.`
    }
    const state = kept => tone(element('span', 'tone', kept ? 'kept' : 'not kept'), kept ? 'good' : 'bad')
    table(at('requirements'), ['required', 'measured', ''], (verdict?.requirements ?? []).map(one =>
      [one.requirement, one.measured === undefined || one.measured === null ? 'nothing' : `${one.measured} ${one.unit}`, state(one.kept)]), [1])
  }

  function showFacts() {
    const about = report.about ?? {}
    const facts = [['target', about.target], ['date', about.began], ['machine', about.machine], ['load', about.load], ['played', about.played?.join(', ')],
      ['frames', `${whole(report.framesSent)} sent, ${whole(report.lateFrames)} late, ${whole(report.framesUnsent)} not accepted`],
      ['calls ended', Object.entries(report.outcomes).map(([name, count]) => `${name} ${whole(count)}`).join(', ')],
      ['cut short', report.turnsCutShort ? `${whole(report.turnsCutShort)} turns were ended in a pause` : undefined],
      ['text prompts', report.textPrompts ? `${whole(report.textPrompts)}, whose length is estimated` : undefined],
      ['compared with', other ? `${other.about?.target ?? 'another run'}, ${other.about?.began ?? ''}` : undefined]]
    for (const [name, value] of facts) if (value) at('facts').append(element('dt', '', name), element('dd', '', value))
    if (about.command) at('facts').append(element('dt', '', 'command'), element('dd', '', element('code', '', about.command)))
  }

  function showErrors() {
    const all = [...Object.entries(report.errors).map(([name, count]) => [name, count, report.examples?.[name]]),
      ...Object.entries(report.violations).map(([name, count]) => [name, count, 'the platform would not take this'])].sort((a, b) => b[1] - a[1])
    if (!all.length) return at('errors').append(element('p', 'empty', 'None.'))
    const most = all[0][1]
    for (const [name, count, example] of all) {
      const bar = element('div')
      bar.style.width = `${100 * count / most}%`
      at('errors').append(element('div', 'bar', element('span', '', name), element('b', '', whole(count)), bar, ...(example ? [element('small', '', example)] : [])))
    }
  }

  // Charts
  function tip(label, unit) {
    let box
    return {
      highlightCallback(event, x, points) {
        box ??= element('div', 'tip')
        const host = this.graphDiv ?? this.maindiv_
        if (box.parentElement !== host) host.append(box)
        const lines = points.filter(point => Number.isFinite(point.yval)).map(point => {
          const dot = element('i')
          dot.style.cssText = 'display:inline-block;width:8px;height:8px;border-radius:4px;margin-right:6px'
          dot.style.background = this.getPropertiesForSeries(point.name).color
          return element('div', '', dot, `${point.name}: ${milliseconds(point.yval)}${unit}`)
        })
        box.replaceChildren(element('b', '', label(x)), ...lines)
        box.hidden = !lines.length
        box.style.left = `${Math.max(0, Math.min((points[0]?.canvasx ?? 0) + 12, host.clientWidth - box.offsetWidth - 4))}px`
      },
      unhighlightCallback() { if (box) box.hidden = true },
    }
  }

  function key(host, names, colors, dashed = []) {
    const made = element('div', 'key')
    names.forEach((name, index) => {
      const mark = element('i', dashed.includes(name) ? 'dashed' : '')
      mark.style.background = colors[index]
      mark.style.setProperty('--of', colors[index])
      made.append(element('span', '', mark, name))
    })
    host.before(made)
    return made
  }

  function draw(host, rows, labels, colors, label, unit, more = {}) {
    if (!rows.length) { host.replaceChildren(element('p', 'empty', 'Nothing was measured.')); host.style.height = 'auto'; return undefined }
    host.setAttribute('role', 'img')
    return new Dygraph(host, rows, {
      labels: ['x', ...labels], colors, strokeWidth: 1.75, pointSize: 2, highlightCircleSize: 4, includeZero: true, axisLabelFontSize: 11,
      animatedZooms: false, gridLineColor: color('--line'), axisLineColor: color('--line'), rightGap: 10, xRangePad: 4, legend: 'never',
      axes: { y: { axisLabelWidth: 48, axisLabelFormatter: value => whole(value) }, x: { axisLabelWidth: 56, ...more.x } },
      ...tip(label, unit), ...more.options,
    })
  }

  function showTime() {
    const points = report.series?.points ?? []
    const seconds = x => `${x} s`
    const axis = { x: { axisLabelFormatter: seconds } }
    const names = ['p50', 'p90', 'p99', 'longest']
    const tints = [color('--agent'), color('--accent'), color('--warn'), color('--bad')]
    const rows = points.filter(point => point.p50 !== undefined && point.p50 !== null).map(point => [point.at, point.p50, point.p90, point.p99, point.max])
    key(at('latency-plot'), names, tints)
    draw(at('latency-plot'), rows, names, tints, seconds, ' ms', { ...axis, options: { drawPoints: rows.length < 80 } })
    at('latency-plot').setAttribute('aria-label', 'Turn latency over time; the table of times has the figures')
    const counts = ['calls up', 'begun', 'errors', 'late frames']
    const shades = [color('--accent'), color('--agent'), color('--bad'), color('--warn')]
    key(at('calls-plot'), counts, shades)
    draw(at('calls-plot'), points.map(point => [point.at, point.live, point.begun, point.errors, point.lateFrames]), counts, shades, seconds, '',
      { ...axis, options: { stepPlot: true } })
    at('calls-plot').setAttribute('aria-label', `Calls over time, every ${report.series?.interval ?? 1} s: up, begun, errors, late frames`)
  }

  let plot, legend
  function showPercentiles(name) {
    plot?.destroy()
    legend?.remove()
    const host = at('percentile-plot')
    host.replaceChildren()
    const own = report.distributions?.[name] ?? []
    const before = other?.distributions?.[name] ?? []
    const text = nines => nines === 0 ? 'shortest' : `${(100 - 100 / 10 ** nines).toFixed(Math.max(0, Math.ceil(nines) - 1)).replace(/\.0+$/, '')} %`
    const known = new Map()
    for (const [nines, value] of own) known.set(nines, [value, null])
    for (const [nines, value] of before) known.set(nines, [known.get(nines)?.[0] ?? null, value])
    const rows = [...known].sort((a, b) => a[0] - b[0]).map(([nines, values]) => [nines, ...(before.length ? values : values.slice(0, 1))])
    const names = before.length ? ['this run', 'the other run'] : ['this run']
    const tints = [color('--accent'), color('--warn')].slice(0, names.length)
    legend = key(host, names, tints, ['the other run'])
    const ticks = [[0, '0 %'], [0.301, '50 %'], [1, '90 %'], [2, '99 %'], [3, '99.9 %'], [4, '99.99 %'], [5, '99.999 %']]
    plot = draw(host, rows, names, tints, text, ' ms', {
      x: { ticker: () => ticks.filter(([v]) => v > 0 || host.clientWidth > 500).map(([v, label]) => ({ v, label })) },
      options: { connectSeparatedPoints: true, series: { 'the other run': { strokePattern: [5, 4] } } },
    })
    host.setAttribute('aria-label', `${measures[name][0]} by percentile; the table of times has the figures`)
    at('meaning').textContent = measures[name][1]
    for (const button of at('measures').children) button.setAttribute('aria-pressed', button.dataset.measure === name)
  }

  function percentile(run, name, nines) {
    const found = run?.distributions?.[name]?.find(([place]) => Math.abs(place - nines) < 0.001)
    return found?.[1]
  }

  function showTimes() {
    const columns = ['p50', 'p90', 'p99']
    const heads = ['', 'count', ...columns, 'p99.9', 'longest']
    const rows = there.map(name => {
      const now = report[name]
      const then = other?.[name]
      const cell = (value, before) => {
        const made = element('span', '', milliseconds(value))
        if (then && before !== undefined) {
          const change = before > 0 ? 100 * (value - before) / before : 0
          const small = tone(element('small', '', ` ${change >= 0 ? '+' : '−'}${Math.abs(change).toFixed(0)} %`), change > 5 ? 'bad' : change < -5 ? 'good' : '')
          small.style.color = 'var(--tone, var(--soft))'
          made.append(small)
        }
        return made
      }
      return [measures[name][0], whole(now.count), ...columns.map(column => cell(now[column], then?.[column])),
        cell(percentile(report, name, 3), percentile(other, name, 3)), cell(now.max, then?.max)]
    })
    table(at('times'), heads, rows, [1, 2, 3, 4, 5, 6])
    for (const name of there) {
      const button = element('button', '', measures[name][0])
      button.type = 'button'
      button.dataset.measure = name
      button.onclick = () => showPercentiles(name)
      at('measures').append(button)
    }
    if (there.length) showPercentiles(there[0])
  }

  function showExpectations() {
    const all = report.expectations ?? []
    at('expected').hidden = !all.length
    const state = one => tone(element('span', 'tone', one.failed ? `not in ${whole(one.failed)} of ${whole(one.failed + one.kept)}` : `in all ${whole(one.kept)}`), one.failed ? 'bad' : 'good')
    table(at('expectations'), ['call', 'turn', 'expected', '', 'came instead'], [...all].sort((a, b) => b.failed - a.failed).map(one =>
      [one.call, one.turn === 0 ? 'greeting' : String(one.turn), one.expected, state(one), one.seen ?? '']))
  }

  // Calls to listen to: mu-law in the page, both sides interleaved; linear for the player.
  const linear = Int16Array.from({ length: 256 }, (_, code) => {
    const bits = ~code & 0xff
    const value = (((bits & 15) << 3) + 0x84 << ((bits & 0x70) >> 4)) - 0x84
    return bits & 0x80 ? -value : value
  })

  function wav(samples) {
    const bytes = new DataView(new ArrayBuffer(44 + 2 * samples.length))
    const text = (place, word) => [...word].forEach((letter, index) => bytes.setUint8(place + index, letter.charCodeAt(0)))
    text(0, 'RIFF'); bytes.setUint32(4, 36 + 2 * samples.length, true); text(8, 'WAVEfmt ')
    bytes.setUint32(16, 16, true); bytes.setUint16(20, 1, true); bytes.setUint16(22, 2, true); bytes.setUint32(24, 8000, true)
    bytes.setUint32(28, 32000, true); bytes.setUint16(32, 4, true); bytes.setUint16(34, 16, true)
    text(36, 'data'); bytes.setUint32(40, 2 * samples.length, true)
    samples.forEach((sample, index) => bytes.setInt16(44 + 2 * index, sample, true))
    return new Blob([bytes.buffer], { type: 'audio/wav' })
  }

  function paint(canvas, samples, sample, player) {
    const width = canvas.clientWidth * devicePixelRatio
    const height = canvas.clientHeight * devicePixelRatio
    if (!width) return
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d')
    const frames = samples.length / 2
    const tints = [color('--accent'), color('--agent')]
    for (let x = 0; x < width; x++) {
      const from = Math.floor(x / width * frames)
      const to = Math.max(from + 1, Math.floor((x + 1) / width * frames))
      for (const side of [0, 1]) {
        let peak = 0
        for (let place = from; place < to && place < frames; place++) peak = Math.max(peak, Math.abs(samples[2 * place + side]))
        const size = Math.max(devicePixelRatio / 2, Math.sqrt(peak / 32768) * height / 4)
        context.fillStyle = tints[side]
        context.fillRect(x, height * (side ? 0.75 : 0.25) - size, 1, 2 * size)
      }
    }
    const line = (time, tint) => {
      context.fillStyle = tint
      context.fillRect(time / sample.seconds * width, 0, Math.max(1, devicePixelRatio), height)
    }
    for (const event of sample.events) if (event.mark) line(event.at, color(event.mark === 'wrong' ? '--bad' : '--warn'))
    if (player.currentTime > 0) line(player.currentTime, color('--text'))
  }

  const scrolling = content => {
    const made = element('div', 'scroll', content)
    made.tabIndex = 0
    return made
  }

  function showSamples() {
    at('heard').hidden = !samples.length
    for (const sample of samples) {
      const bytes = atob(sample.audio)
      const audio = new Int16Array(bytes.length)
      for (let place = 0; place < bytes.length; place++) audio[place] = linear[bytes.charCodeAt(place)]
      const canvas = element('canvas')
      canvas.setAttribute('role', 'img')
      canvas.setAttribute('aria-label', 'Both sides of the call over time')
      const player = element('audio')
      player.controls = true
      player.src = URL.createObjectURL(wav(audio))
      const turns = element('table')
      table(turns, ['turn', '', 'START after', 'END after', 'answer', 'length', 'result'], sample.turns.map((turn, index) => [
        String(index), turn.clip ?? turn.kind, milliseconds(turn.startDelay), milliseconds(turn.endDelay), milliseconds(turn.answerLatency),
        `${(turn.answerLength / 1000).toFixed(1)} s`, turn.result + (turn.bargedIn ? ', over the prompt' : '')]), [2, 3, 4, 5])
      const list = element('ol', '', ...sample.events.map(event =>
        element('li', '', `${event.at.toFixed(3)} s `, element('b', event.who, event.who), ` ${event.text}`)))
      at('samples').append(element('div', 'sample', element('h3', '', `${sample.name}: ${sample.outcome}`), element('p', 'note', sample.why), canvas, player,
        scrolling(turns), element('details', '', element('summary', '', 'What happened'), list)))
      const again = () => paint(canvas, audio, sample, player)
      canvas.onclick = event => { player.currentTime = event.offsetX / canvas.clientWidth * sample.seconds; player.play() }
      player.ontimeupdate = again
      new ResizeObserver(again).observe(canvas)
    }
  }

  showVerdict()
  showFacts()
  showErrors()
  showTime()
  showTimes()
  showExpectations()
  showSamples()
})()
