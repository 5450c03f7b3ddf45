-- Appends events of the outbox to the stream, in their order, and takes out its oldest entries beyond the bound, but none that a
-- consumer group has not read and acknowledged. ARGV: how many entries to keep, the events as a JSON array of {id, tipo, dados}, all texts.
-- Returns how many were appended, and how many entries beyond the bound are there only because a group needs them.
local AT_ONCE = 1000 -- more than come at once, so that a stream that was too long gets shorter

local function mapa(lista)
	local campos = {}
	for i = 1, #lista, 2 do
		campos[lista[i]] = lista[i + 1]
	end
	return campos
end

local function antes(a, b)
	local a_ms, a_numero = a:match('^(%d+)-(%d+)$')
	local b_ms, b_numero = b:match('^(%d+)-(%d+)$')
	if a_ms ~= b_ms then
		return tonumber(a_ms) < tonumber(b_ms)
	end
	return tonumber(a_numero) < tonumber(b_numero)
end

-- The entry that some group needs or has read last; nil: there is no group.
local function lida_por_todos()
	local primeira
	for _, grupo in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
		local campos = mapa(grupo)
		local id = campos['last-delivered-id']
		if campos['pending'] > 0 then
			id = redis.call('XPENDING', KEYS[1], campos['name'])[2]
		end
		if not primeira or antes(id, primeira) then
			primeira = id
		end
	end
	return primeira
end

local eventos = cjson.decode(ARGV[2])
for _, evento in ipairs(eventos) do
	redis.call('XADD', KEYS[1], '*', 'id', evento.id, 'tipo', evento.tipo, 'dados', evento.dados)
end
local limite = tonumber(ARGV[1])
local sobram = redis.call('XLEN', KEYS[1]) - limite
if sobram <= 0 then
	return {#eventos, 0}
end
local velhas = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', math.min(sobram, AT_ONCE) + 1)
local corte, lida = velhas[#velhas][1], lida_por_todos()
local atrasado = lida and antes(lida, corte)
redis.call('XTRIM', KEYS[1], 'MINID', atrasado and lida or corte)
return {#eventos, atrasado and redis.call('XLEN', KEYS[1]) - limite or 0}
