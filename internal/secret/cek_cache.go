package secret

import "sync"

// maxCachedSalts bounds the cache. Salts are constants of the program, so that
// only a mistake could reach it.
const maxCachedSalts = 16

// cekCache keeps the content encryption keys of each salt.
type cekCache struct {
	mu     sync.RWMutex
	bySalt map[string][]cek
}

// contentKeys returns the keys for the salt, that of the current secret first.
func (k *Keyring) contentKeys(salt string) ([]cek, error) {
	k.ceks.mu.RLock()
	keys, found := k.ceks.bySalt[salt]
	k.ceks.mu.RUnlock()
	if found {
		return keys, nil
	}
	for _, value := range append([]string{k.current}, k.previous()...) {
		key, err := deriveCEK(value, salt)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	k.ceks.put(salt, keys)
	return keys, nil
}

func (c *cekCache) put(salt string, keys []cek) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bySalt == nil {
		c.bySalt = make(map[string][]cek)
	}
	if len(c.bySalt) < maxCachedSalts {
		c.bySalt[salt] = keys
	}
}
