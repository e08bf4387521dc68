// Node.js' pg: without a name a statement is sent in one go, so PgBouncer needs no setting. Do not give queries a `name` there.
const assert = require('node:assert')
const { Client } = require('pg')

const { CLIENT: source, WAY: way } = process.env
const INSERT = 'INSERT INTO leadroute.leads (email, source) VALUES ($1, $2) RETURNING owner_id'
const KEYED = 'INSERT INTO leadroute.leads (external_id, source) VALUES ($1, $1)'
const email = (name) => `${name}@node-${way}.com`

async function main() {
  const client = new Client()
  await client.connect()
  const owner = async (name) => (await client.query(INSERT, [email(name), source])).rows[0].owner_id
  const sqlstate = (sql, values) => client.query(sql, values).then(() => 'none', (error) => error.code)

  const owners = [await owner('ada'), await owner('bea'), await owner('cas')]
  assert.equal(new Set(owners).size, 3)

  const route = 'SELECT leadroute.route_lead($1) AS answer'
  const { rows: [{ answer }] } = await client.query(route, [{ email: email('dan'), source }])
  assert.equal(answer.owner_id, owners[0])

  const many = Array.from({ length: 14 }, (_, n) => email(`many${n}`))
  await client.query('INSERT INTO leadroute.leads (email, source) SELECT unnest($1::text[]), $2', [many, source])
  // queued by the client, one after the other
  await Promise.all(Array.from({ length: 6 }, (_, n) => owner(`queued${n}`)))

  await client.query('BEGIN')
  await owner('undone')
  await client.query('ROLLBACK')

  await client.query(KEYED, [source])
  assert.equal(await sqlstate(KEYED, [source]), '23505')
  assert.equal(await sqlstate(route, ['[]']), '22023')
  await client.end()
}

main()
