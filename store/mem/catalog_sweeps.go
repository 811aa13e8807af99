package mem

import "mailchute/store"

func (t *tx) PutSweep(sw store.Sweep) error {
	if !t.runs.has(key(sw.Run)) {
		return missing("run", sw.Run)
	}
	t.sweeps = t.sweeps.put(key(sw.Run), sw)
	return nil
}

func (t *tx) Sweep(run string) (store.Sweep, error) {
	sw, ok := t.sweeps.get(key(run))
	if !ok || !t.runs.has(key(run)) { // it goes with its run
		return store.Sweep{}, missing("sweep", run)
	}
	return sw, nil
}
