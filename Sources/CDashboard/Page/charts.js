// The last hour as charts: what each agent's callers wait, the server's part of it, and how many calls there are. Drawn by
// dygraphs, from what the server keeps.
import { at, element, figures, keep, milliseconds, number, say } from './words.js'
import { ask } from './server.js'
import { find } from './calls.js'

const hue = index => `hsl(${(212 + index * 137.5) % 360} 62% ${matchMedia('(prefers-color-scheme: dark)').matches ? 66 : 42}%)`
/** A colour of the style sheet as it is now, in the dark or in the light. */
function color(name) {
  const probe = document.body.appendChild(element('span', ''))
  probe.style.color = `var(${name})`
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}
const percentiles = ['p50', 'p90', 'p99']
const period = 10_000
let range = 3600
/** Whether somebody has chosen it; else it is as long as the server has been there. */
let isChosen = false
let asked = -Infinity
let shownRange
const plots = {}

/** What is under the pointer, in words. */
function tip(names, unit) {
  let box
  return {
    highlightCallback(event, x, points, row) {
      box ??= element('div', 'tip')
      const host = this.graphDiv ?? this.maindiv_
      if (box.parentElement !== host) host.append(box)
      const lines = points.filter(point => Number.isFinite(point.yval)).map(point => {
        const line = element('div', '', element('i', ''), `${names()[point.name]}: ${number(Math.round(point.yval))}${unit}`)
        line.firstElementChild.style.background = this.getPropertiesForSeries(point.name).color
        return line
      })
      box.replaceChildren(element('b', '', new Date(x).toLocaleTimeString()), ...lines)
      box.hidden = lines.length === 0
      const canvasX = points[0]?.canvasx ?? 0
      box.style.left = `${Math.min(canvasX + 12, host.clientWidth - 190)}px`
    },
    unhighlightCallback() { if (box) box.hidden = true },
  }
}

function options(names, unit, more) {
  return {
    animatedZooms: false, connectSeparatedPoints: true, drawPoints: true, pointSize: 2, strokeWidth: 1.75,
    highlightCircleSize: 4, fillAlpha: 0.16, includeZero: true, axisLabelFontSize: 11, gridLineColor: color('--line'),
    axisLineColor: color('--line'), rightGap: 8, xRangePad: 4, labelsUTC: false,
    axes: { y: { axisLabelWidth: 46, valueFormatter: milliseconds, axisLabelFormatter: number }, x: { axisLabelWidth: 58 } },
    ...tip(names, unit), ...more,
  }
}

/** Draws rows of a time and values, or updates what is drawn; a plot that was zoomed stays so until the range is another. */
function draw(id, rows, labels, window, names, unit, more) {
  const host = at(id)
  host.classList.toggle('blank', rows.length === 0)
  if (rows.length === 0) { plots[id]?.destroy(); delete plots[id]; host.replaceChildren('nothing yet'); return }
  const key = labels.join(' ')
  if (plots[id] && plots[id].key !== key) { plots[id].destroy(); delete plots[id] }
  if (!plots[id]) {
    host.replaceChildren()
    plots[id] = new Dygraph(host, rows, { ...options(names, unit, more), labels: ['time', ...labels], dateWindow: window })
    plots[id].key = key
  } else {
    plots[id].updateOptions({ file: rows, ...(plots[id].isZoomed('x') && shownRange === range ? {} : { dateWindow: window }) })
  }
  host.setAttribute('role', 'img')
}

function latencyRows(report, measure) {
  const times = new Map()
  report.agents.forEach((agent, index) => {
    for (const point of agent.points) {
      const value = point[measure]
      if (!value) continue
      if (!times.has(point.at)) times.set(point.at, report.agents.map(() => [null, null, null]))
      times.get(point.at)[index] = [value.p50, value.p50, value.p90]
    }
  })
  return [...times].sort((a, b) => a[0] - b[0]).map(([time, values]) => [new Date(time * 1000), ...values])
}

function overall(agents, measure) {
  // The worst agent's figures: a mean of percentiles would hide the one whose callers wait.
  return percentiles.map(name => [name, milliseconds(Math.max(...agents.map(agent => agent[measure]?.[name] ?? -1)))])
}

function showFigures(report) {
  const recent = report.agents.filter(agent => agent.turns > 0)
  for (const measure of ['wait', 'answer']) {
    const own = recent.filter(agent => agent[measure])
    figures(at(measure), own.length ? overall(own, measure) : percentiles.map(name => [name, '–']))
  }
}

function showTable(report, names) {
  at('latencies').hidden = !report.agents.some(agent => agent.turns > 0)
  keep(at('latencies').tBodies[0], report.agents.filter(agent => agent.turns > 0), agent => agent.agent, agent => {
    const made = element('tr', '')
    const name = element('button', 'link agent')
    name.type = 'button'
    name.onclick = () => find(agent.agent)
    made.append(element('th', '', element('i', ''), name), ...[0, 1, 2, 3, 4, 5, 6].map(place => element('td', place % 3 === 0 ? 'right wide' : 'right')))
    made.firstElementChild.scope = 'row'
    return made
  }, (made, agent) => {
    const index = report.agents.indexOf(agent)
    made.firstElementChild.firstElementChild.style.background = hue(index)
    say(made.firstElementChild.lastElementChild, names[agent.agent] ?? agent.agent)
    const values = [number(agent.turns), ...['wait', 'answer'].flatMap(measure => percentiles.map(p => milliseconds(agent[measure]?.[p])))]
    values.forEach((value, place) => say(made.children[place + 1], value))
  })
}

export async function showCharts(status) {
  if (performance.now() - asked < period) return
  asked = performance.now()
  if (!isChosen) choose([300, 900].find(seconds => status.uptime <= seconds) ?? 3600)
  const report = await ask(`status/history/${range}`)
  const names = Object.fromEntries(status.agents.map(agent => [agent.id, agent.name]))
  const window = [(report.until - report.seconds) * 1000, report.until * 1000]
  const ids = report.agents.map(agent => agent.agent)
  const colors = ids.map((_, index) => hue(index))
  for (const [id, measure] of [['wait-plot', 'wait'], ['answer-plot', 'answer']]) {
    draw(id, latencyRows(report, measure), ids, window, () => names, ' ms', { customBars: true, colors })
    at(id).setAttribute('aria-label', `${measure === 'wait' ? 'Caller’s wait' : 'Server’s part'} over time; the table below has the figures`)
  }
  draw('calls-plot', report.server.map(point => [new Date(point.at * 1000), point.live, point.failed, point.refused]),
    ['live', 'failed', 'refused'], window, () => ({ live: 'live', failed: 'failed', refused: 'refused' }), '',
    { colors: [color('--accent'), color('--bad'), color('--warn')], connectSeparatedPoints: false, stepPlot: true })
  at('calls-plot').setAttribute('aria-label', 'Calls over time: live, failed, refused')
  shownRange = range
  showFigures(report)
  showTable(report, names)
}

function choose(seconds) {
  range = seconds
  for (const one of document.querySelectorAll('[data-range]')) one.setAttribute('aria-pressed', Number(one.dataset.range) === seconds)
}

// Its own legend is not shown, and sets styles that the page's policy forbids.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend)

for (const button of document.querySelectorAll('[data-range]')) {
  button.onclick = () => {
    isChosen = true
    choose(Number(button.dataset.range))
    asked = -Infinity
  }
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const id of Object.keys(plots)) { plots[id].destroy(); delete plots[id] }
  asked = -Infinity
})
