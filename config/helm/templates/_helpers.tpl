{{/*
The objects of one of kustomize's files, in the namespace of the release. files/ holds links to config/ and crds/, so that
there is one text of each object. Takes the root and the file's name.
*/}}
{{- define "sidecar-injector.file" -}}
{{- $root := index . 0 -}}
{{- $text := required (printf "files/%s" (index . 1)) ($root.Files.Get (printf "files/%s" (index . 1))) -}}
{{- $text | replace "sidecar-injector-system" $root.Release.Namespace -}}
{{- end -}}

{{- define "sidecar-injector.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}
