-- Opens a session. ARGV: life in ms. Returns {'ok', atualizado_em}.
local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
redis.call('HSET', KEYS[1], 'criado_em', agora, 'atualizado_em', agora, 'versao', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', agora}
