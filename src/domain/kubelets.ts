/** What the nodes' kubelets can do, told from their versions. */

/** SidecarContainers is on by default since Kubernetes 1.29 (kubernetes/pkg/features/kube_features.go). */
const NATIVE_SIDECARS = { major: 1, minor: 29 };

/**
 * Whether every kubelet runs native sidecars. An older one starts such a container as a plain init container, which never
 * ends: one old node is enough for a no, and so is a version that cannot be read, or no node at all.
 */
export function runNativeSidecars(kubeletVersions: readonly string[]): boolean {
  return kubeletVersions.length > 0 && kubeletVersions.every((version) => isRecent(version));
}

function isRecent(version: string): boolean {
  const match = /^v?(\d+)\.(\d+)/.exec(version);
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > NATIVE_SIDECARS.major || (major === NATIVE_SIDECARS.major && minor >= NATIVE_SIDECARS.minor);
}
