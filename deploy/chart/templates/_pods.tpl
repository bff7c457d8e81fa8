{{/* What every pod of ours is: nobody, without privileges, on a root that cannot be written. */}}
{{- define "launchwatch.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "launchwatch.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Who it is in the cluster, and where it may run. */}}
{{- define "launchwatch.place" -}}
serviceAccountName: {{ include "launchwatch.name" . }}
automountServiceAccountToken: {{ .Values.observer.enabled }}
securityContext: {{- include "launchwatch.podSecurity" . | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{- define "launchwatch.image" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: {{- include "launchwatch.containerSecurity" . | nindent 2 }}
{{- end -}}

{{- define "launchwatch.envFrom" -}}
{{- with .Values.secrets -}}
envFrom:
  {{- range . }}
  - secretRef: { name: {{ . }} }
  {{- end }}
{{- end }}
{{- end -}}

{{- define "launchwatch.secretMounts" -}}
- { name: tmp, mountPath: /tmp }
{{- range .Values.secretFiles }}
- { name: secret-{{ . }}, mountPath: /etc/launchwatch/secrets/{{ . }}, readOnly: true }
{{- end }}
{{- end -}}

{{- define "launchwatch.secretVolumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 16Mi }
{{- range .Values.secretFiles }}
- name: secret-{{ . }}
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- end -}}

{{/* Labels, annotations and the pod of `serve`: the same in a set of one and in several replicas. */}}
{{- define "launchwatch.serve" -}}
metadata:
  labels:
    {{- include "launchwatch.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # A changed configuration starts it anew: launches under way end in good order, or are cleaned up after.
    launchwatch/config: {{ include "launchwatch.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- include "launchwatch.place" . | nindent 2 }}
  {{- if .Values.postgres.existingSecret }}
  # Each replica on a node of its own, as far as there are nodes; those that are gone do not count.
  topologySpreadConstraints:
    - topologyKey: kubernetes.io/hostname
      maxSkew: 1
      whenUnsatisfiable: DoNotSchedule
      nodeTaintsPolicy: Honor
      matchLabelKeys: [pod-template-hash]
      labelSelector:
        matchLabels: {{- include "launchwatch.selector" . | nindent 10 }}
    - topologyKey: topology.kubernetes.io/zone
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      nodeTaintsPolicy: Honor
      matchLabelKeys: [pod-template-hash]
      labelSelector:
        matchLabels: {{- include "launchwatch.selector" . | nindent 10 }}
  {{- end }}
  # Five more than `service.grace`: running probes end, what they found is written down.
  terminationGracePeriodSeconds: 30
  containers:
    - name: launchwatch
      {{- include "launchwatch.image" . | nindent 6 }}
      args: [serve, --config, /etc/launchwatch/config/launchwatch.yaml, --log-json]
      ports:
        - { name: http, containerPort: 8480 }
      {{- if or .Values.env .Values.postgres.existingSecret }}
      env:
        {{- with .Values.postgres }}
        {{- if .existingSecret }}
        - name: LAUNCHWATCH_STORE
          valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .key }} } }
        - name: LAUNCHWATCH_SEAL
          valueFrom: { secretKeyRef: { name: {{ .existingSecret }}, key: {{ .sealKey }} } }
        {{- end }}
        {{- end }}
        {{- with .Values.env }}{{ toYaml . | nindent 8 }}{{ end }}
      {{- end }}
      {{- with include "launchwatch.envFrom" . }}{{ . | nindent 6 }}{{ end }}
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 2
        failureThreshold: 90
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 15
        failureThreshold: 4
        timeoutSeconds: 5
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
      resources: {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - { name: config, mountPath: /etc/launchwatch/config, readOnly: true }
        - { name: state, mountPath: /var/lib/launchwatch }
        {{- include "launchwatch.secretMounts" . | nindent 8 }}
        {{- if .Values.runbooks }}
        - { name: runbooks, mountPath: /etc/launchwatch/runbooks, readOnly: true }
        {{- end }}
  volumes:
    - name: config
      configMap: { name: {{ include "launchwatch.name" . }} }
    {{- if .Values.postgres.existingSecret }}
    # What is worth keeping is in PostgreSQL.
    - name: state
      emptyDir: { sizeLimit: {{ .Values.postgres.scratch }} }
    {{- end }}
    {{- include "launchwatch.secretVolumes" . | nindent 4 }}
    {{- if .Values.runbooks }}
    - name: runbooks
      configMap: { name: {{ include "launchwatch.name" . }}-runbooks }
    {{- end }}
{{- end -}}
