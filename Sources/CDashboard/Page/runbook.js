// The runbook, made of the one text that is in the documentation too; its addresses of the dashboard are links here.
import { at, element } from './words.js'

const agent = new URLSearchParams(location.search).get('agent') ?? ''

function link(address, ...content) {
  const made = element('a', '', ...content)
  made.href = address
  return made
}

/** An address of the dashboard, as `/#show=ended&find=AGENT`: with the agent that the alert has told of, or with none. */
function dashboard(text) {
  const words = new URLSearchParams(text.slice(2))
  if (words.has('find')) words.set('find', words.get('find').replace('AGENT', agent).trim())
  const isSearch = words.has('find') || words.has('show')
  return link(isSearch ? `./#${words}` : `./${text.slice(1)}`, element('code', '', text))
}

/** A line's content: `code`, **strong**, and links, of which only those within this page lead anywhere. */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/).filter(Boolean).map(piece => {
    const code = piece.match(/^`(.+)`$/)?.[1], linked = piece.match(/^\[([^\]]+)\]\(([^)]+)\)$/)
    if (code) return code.startsWith('/#') ? dashboard(code) : element('code', '', code)
    if (piece.startsWith('**')) return element('strong', '', ...inline(piece.slice(2, -2)))
    if (!linked) return piece
    if (linked[2].startsWith('#')) return link(linked[2], ...inline(linked[1]))
    const [page, section] = linked[2].replace(/^runbook\.md/, '').split('#')
    return page ? element('span', '', ...inline(linked[1])) : link(`#${section}`, ...inline(linked[1]))
  })
}

/** The elements of lines of Markdown, as far as the runbook has it: headings, lists, paragraphs, and blocks of code. */
function blocks(lines) {
  const made = []
  let section = made
  while (lines.length > 0) {
    const line = lines.shift()
    const rest = () => { const found = []; while (lines[0]?.trim() && !/^(- |#|```)/.test(lines[0])) found.push(lines.shift().trim()); return found }
    if (line.startsWith('```')) {
      const code = []
      while (lines.length > 0 && !lines[0].startsWith('```')) code.push(lines.shift())
      lines.shift()
      const box = element('pre', 'scroll', code.join('\n'))
      box.tabIndex = 0
      section.push(box)
    } else if (line.startsWith('## ')) {
      const name = line.slice(3)
      section = [element('h2', '', name)]
      made.push({ name, content: section })
    } else if (line.startsWith('# ')) { continue }
    else if (line.startsWith('- ')) section.push(element('p', 'item', ...inline([line.slice(2), ...rest()].join(' '))))
    else if (line.trim()) section.push(element('p', '', ...inline([line, ...rest()].join(' '))))
  }
  return made
}

async function read() {
  const text = await (await fetch('dashboard/runbook.md')).text()
  const parts = blocks(text.split('\n'))
  const begin = element('section', 'card', ...parts.filter(part => part instanceof Node))
  at('runbook').append(begin, ...parts.filter(part => part.name).map(part => {
    const made = element('section', 'card', ...part.content)
    made.id = part.name.toLowerCase()
    at('alerts').append(element('li', '', link(`#${made.id}`, part.name)))
    return made
  }))
  // The browser has looked for it before it was there.
  const sought = location.hash
  if (sought) { location.hash = ''; location.hash = sought }
}

read()
