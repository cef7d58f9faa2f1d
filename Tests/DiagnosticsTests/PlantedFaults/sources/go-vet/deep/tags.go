package deep

type tagged struct {
	Name string `json:name` // PLANTED(go-vet) error tag PLANTED(go-vet-json) warning tag
}
