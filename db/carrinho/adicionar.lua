-- Adds to a line of the cart, or begins it. KEYS: the cart and, of a call with an Idempotency-Key, the session's keys.
-- ARGV: life in ms, the version that the cart must have or '', product, quantity, stock, highest quantity of a line, highest number of
-- lines; with a key also the key, the digest of the call, how many keys are kept.
-- Returns {'ok', atualizado_em, quantity, lines}, or {'repetida', the same} when the key's call was done before, or {'sessao'},
-- {'chave'}, {'versao', the cart's}, {'limite'}, {'estoque'}, {'cheio'}, which change nothing and leave the key free.
--
-- The keys of a session are a hash: `k:<SHA-1 of the key>` holds the call's digest and the answer, the number `n` counts them, and
-- `<n modulo kept>` is the member that came then: the one that it replaces is forgotten. So a key takes the same room however long it is.
-- One look at the whole cart: that is half the price of asking for what there is to know one by one.
local tudo = redis.call('HGETALL', KEYS[1])
if #tudo == 0 then
	return {'sessao'}
end
local chave = KEYS[2] and 'k:' .. redis.sha1hex(ARGV[8])
local feita = chave and redis.call('HGET', KEYS[2], chave)
if feita then
	local resumo, quando, quantidade, linhas = feita:match('^(%x+) (%d+) (%d+) (%d+)$')
	if resumo ~= ARGV[9] then
		return {'chave'}
	end
	return {'repetida', quando, tonumber(quantidade), tonumber(linhas)}
end

local campo = 'i:' .. ARGV[3]
local linhas, versao, linha = 0, 0, nil
for i = 1, #tudo, 2 do
	local nome = tudo[i]
	if nome:sub(1, 2) == 'i:' then
		linhas = linhas + 1
		linha = nome == campo and tudo[i + 1] or linha
	elseif nome == 'versao' then
		versao = tonumber(tudo[i + 1])
	end
end

local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
local antes, desde = '0', agora
if linha then
	antes, desde = linha:match('^(%d+) (%d+)$')
else
	linhas = linhas + 1
end

local quantidade = tonumber(antes) + tonumber(ARGV[4])
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= versao then
	return {'versao', versao}
elseif quantidade > tonumber(ARGV[6]) then
	return {'limite'}
elseif quantidade > tonumber(ARGV[5]) then
	return {'estoque'}
elseif linhas > tonumber(ARGV[7]) then
	return {'cheio'}
end

redis.call('HSET', KEYS[1], campo, string.format('%d %s', quantidade, desde), 'atualizado_em', agora, 'versao', versao + 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
if chave then
	local lugar = redis.call('HINCRBY', KEYS[2], 'n', 1) % tonumber(ARGV[10])
	local antiga = redis.call('HGET', KEYS[2], lugar)
	if antiga then
		redis.call('HDEL', KEYS[2], antiga)
	end
	redis.call('HSET', KEYS[2], lugar, chave, chave, table.concat({ARGV[9], agora, quantidade, linhas}, ' '))
	redis.call('PEXPIRE', KEYS[2], ARGV[1])
end
return {'ok', agora, quantidade, linhas}
