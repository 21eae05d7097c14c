package template

func checkPaths(r *faults, t *Template) {}
