-- Appends events of the outbox to the stream, in their order. ARGV: how many entries the stream keeps (about), the events as a
-- JSON array of {id, tipo, dados}, all texts. Returns how many.
local eventos = cjson.decode(ARGV[2])
for _, evento in ipairs(eventos) do
	redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'id', evento.id, 'tipo', evento.tipo, 'dados', evento.dados)
end
return #eventos
