// The static part of a map: decoded once per (data set, method, code length) and kept for the session.

const MAGIC = 0x314d4c48 // "HLM1", little endian
const ARRAY_TYPES = { float32: Float32Array, uint32: Uint32Array, uint8: Uint8Array }

// Reads the binary form that app/services/maps.py writes: magic, header length, JSON header, aligned arrays.
function decodeGeometry(buffer) {
  const head = new DataView(buffer)
  if (buffer.byteLength < 8 || head.getUint32(0, true) !== MAGIC) throw new Error("this is not a map file")
  const headerBytes = head.getUint32(4, true)
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headerBytes)))
  const body = Math.ceil((8 + headerBytes) / 8) * 8
  const arrays = {}
  for (const { name, dtype, offset, length } of header.arrays) {
    arrays[name] = new ARRAY_TYPES[dtype](buffer, body + offset, length)
  }
  return describePoints({ ...header, ...arrays })
}

// One entry per drawn point: first the distinct database codes ("buckets"), then the query images.
function describePoints(g) {
  const nPoints = g.xy.length / 2
  const nQuery = g.queryXy.length / 2
  const size = new Uint32Array(nPoints)
  // Of a large database only a sample is laid out; images with other codes have a point beyond the last one.
  let nPlaced = 0
  for (const point of g.pointOfRow) {
    if (point >= nPoints) continue
    size[point] += 1
    nPlaced += 1
  }

  // Members of each bucket as one array with starts, so that a card can name its images.
  const start = new Uint32Array(nPoints + 1)
  for (let i = 0; i < nPoints; i += 1) start[i + 1] = start[i] + size[i]
  const fill = start.slice(0, nPoints)
  const members = new Uint32Array(nPlaced)
  g.pointOfRow.forEach((point, row) => {
    if (point >= nPoints) return
    members[fill[point]] = row
    fill[point] += 1
  })

  const nClasses = g.classes.length
  const labelBytes = Math.ceil(nClasses / 8)
  const hasClass = (labels, row, c) => (labels[row * labelBytes + (c >> 3)] >> (7 - (c & 7))) & 1
  const classCounts = new Uint32Array(nPoints * nClasses)
  for (let row = 0; row < g.pointOfRow.length; row += 1) {
    if (g.pointOfRow[row] >= nPoints) continue
    for (let c = 0; c < nClasses; c += 1) {
      if (hasClass(g.rowLabels, row, c)) classCounts[g.pointOfRow[row] * nClasses + c] += 1
    }
  }

  const x = new Float32Array(nPoints + nQuery)
  const y = new Float32Array(nPoints + nQuery)
  for (let i = 0; i < nPoints; i += 1) [x[i], y[i]] = [g.xy[2 * i], g.xy[2 * i + 1]]
  for (let q = 0; q < nQuery; q += 1) [x[nPoints + q], y[nPoints + q]] = [g.queryXy[2 * q], g.queryXy[2 * q + 1]]

  const order = Array.from({ length: nPoints }, (_, i) => i).sort((a, b) => size[b] - size[a] || a - b)
  // The worst answered queries last, so that they lie on top.
  const queryOrder = Array.from({ length: nQuery }, (_, q) => q)
  queryOrder.sort((a, b) => g.queryAp[b] - g.queryAp[a] || a - b)
  const maxSize = nPoints ? size[order[0]] : 1
  const bounds = boundsOf(x, y)
  return {
    ...g, nPoints, nPlaced, nQuery, nClasses, size, maxSize, start, members, classCounts, hasClass, x, y, order, queryOrder, bounds,
    grid: buildGrid(x, y, bounds),
    anchors: classAnchors(x, y, classCounts, nPoints, nClasses, bounds),
  }
}

function boundsOf(x, y) {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < x.length; i += 1) {
    x0 = Math.min(x0, x[i])
    x1 = Math.max(x1, x[i])
    y0 = Math.min(y0, y[i])
    y1 = Math.max(y1, y[i])
  }
  if (!(x1 > x0)) [x0, x1] = [(x0 || 0) - 1, (x0 || 0) + 1]
  if (!(y1 > y0)) [y0, y1] = [(y0 || 0) - 1, (y0 || 0) + 1]
  return { x0, x1, y0, y1 }
}

// Uniform grid with about two points a cell; picking looks at a handful of cells instead of every point.
function buildGrid(x, y, b) {
  const side = Math.max(1, Math.round(Math.sqrt(x.length / 2)))
  const cell = Math.max(b.x1 - b.x0, b.y1 - b.y0) / side
  const nx = Math.floor((b.x1 - b.x0) / cell) + 1
  const ny = Math.floor((b.y1 - b.y0) / cell) + 1
  const cellOf = (px, py) => [
    Math.min(nx - 1, Math.max(0, Math.floor((px - b.x0) / cell))),
    Math.min(ny - 1, Math.max(0, Math.floor((py - b.y0) / cell))),
  ]
  const start = new Uint32Array(nx * ny + 1)
  const where = new Uint32Array(x.length)
  for (let i = 0; i < x.length; i += 1) {
    const [cx, cy] = cellOf(x[i], y[i])
    where[i] = cy * nx + cx
    start[where[i] + 1] += 1
  }
  for (let c = 0; c < nx * ny; c += 1) start[c + 1] += start[c]
  const fill = start.slice(0, nx * ny)
  const items = new Uint32Array(x.length)
  for (let i = 0; i < x.length; i += 1) {
    items[fill[where[i]]] = i
    fill[where[i]] += 1
  }
  return { nx, start, items, cellOf }
}

// Calls `visit` for every point whose cell touches the square of half-width `reach` around (px, py).
function visitNear(g, px, py, reach, visit) {
  const [cx0, cy0] = g.grid.cellOf(px - reach, py - reach)
  const [cx1, cy1] = g.grid.cellOf(px + reach, py + reach)
  for (let cy = cy0; cy <= cy1; cy += 1) {
    const from = g.grid.start[cy * g.grid.nx + cx0]
    const to = g.grid.start[cy * g.grid.nx + cx1 + 1]
    for (let k = from; k < to; k += 1) visit(g.grid.items[k])
  }
}

// Where to write a class name: the densest spot of the class. The mean of a split class lies in no-man's-land.
function classAnchors(x, y, counts, nPoints, nClasses, b) {
  const side = 22
  const column = (i) => Math.min(side - 1, Math.floor(((x[i] - b.x0) / (b.x1 - b.x0)) * side))
  const row = (i) => Math.min(side - 1, Math.floor(((y[i] - b.y0) / (b.y1 - b.y0)) * side))
  return Array.from({ length: nClasses }, (_, c) => {
    const heat = new Float64Array(side * side)
    for (let i = 0; i < nPoints; i += 1) heat[row(i) * side + column(i)] += counts[i * nClasses + c]
    let best = { mass: 0, cx: 0, cy: 0 }
    for (let cy = 0; cy < side; cy += 1) {
      for (let cx = 0; cx < side; cx += 1) {
        let mass = 0
        for (let dy = -1; dy <= 1; dy += 1) {
          for (let dx = -1; dx <= 1; dx += 1) {
            const [ny, nx] = [cy + dy, cx + dx]
            if (ny >= 0 && ny < side && nx >= 0 && nx < side) mass += heat[ny * side + nx]
          }
        }
        if (mass > best.mass) best = { mass, cx, cy }
      }
    }
    if (!best.mass) return null
    let [sx, sy, n] = [0, 0, 0]
    for (let i = 0; i < nPoints; i += 1) {
      const weight = counts[i * nClasses + c]
      if (weight && Math.abs(column(i) - best.cx) <= 1 && Math.abs(row(i) - best.cy) <= 1) {
        sx += weight * x[i]
        sy += weight * y[i]
        n += weight
      }
    }
    return { x: sx / n, y: sy / n, mass: best.mass }
  })
}

const geometryCache = new Map() // url -> promise; the few last maps, so that going back costs nothing

function loadGeometry(url) {
  if (!geometryCache.has(url)) {
    if (geometryCache.size >= 8) geometryCache.delete(geometryCache.keys().next().value)
    const answer = fetch(url).then((response) => {
      if (!response.ok) throw new Error(`the server answered ${response.status}`)
      return response.arrayBuffer()
    }).then(decodeGeometry)
    answer.catch(() => geometryCache.delete(url))
    geometryCache.set(url, answer)
  }
  return geometryCache.get(url)
}
