#!lua flags=allow-oom
-- Sets the quantity of a line that is there; one that has it already is left as it is. ARGV: life in ms, the version that the cart
-- must have or '', product, quantity, stock.
-- Returns {'ok', atualizado_em, quantity, lines}, or {'sessao'}, {'versao', the cart's}, {'item'}, {'estoque'}.
local tudo = redis.call('HGETALL', KEYS[1])
if #tudo == 0 then
	return {'sessao'}
end

local campo = 'i:' .. ARGV[3]
local linhas, versao, agora, linha = 0, 0, nil, nil
for i = 1, #tudo, 2 do
	local nome, valor = tudo[i], tudo[i + 1]
	if nome:sub(1, 2) == 'i:' then
		linhas = linhas + 1
		linha = nome == campo and valor or linha
	elseif nome == 'versao' then
		versao = tonumber(valor)
	elseif nome == 'atualizado_em' then
		agora = valor
	end
end
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= versao then
	return {'versao', versao}
elseif not linha then
	return {'item'}
end

local antes, desde = linha:match('^(%d+) (%d+)$')
if tonumber(antes) ~= tonumber(ARGV[4]) then
	if tonumber(ARGV[4]) > tonumber(ARGV[5]) then
		return {'estoque'}
	end
	agora = redis.call('TIME')
	agora = agora[1] .. string.format('%06d', agora[2])
	redis.call('HSET', KEYS[1], campo, ARGV[4] .. ' ' .. desde, 'atualizado_em', agora, 'versao', versao + 1)
	redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {'ok', agora, tonumber(ARGV[4]), linhas}
