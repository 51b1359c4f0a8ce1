namespace Dmkd.Core.Devices;

/// <summary>What <see cref="TorchRuntime"/> loaded, from where and how.</summary>
/// <param name="Version">libtorch's own version, such as 2.10.0.</param>
/// <param name="TorchDirectory">Folder libtorch came from.</param>
/// <param name="VersionNeedMadeWeak">Whether the C++ runtime was too old for the shipped library and one unused version need was relaxed.</param>
/// <param name="ScalarGuardInstalled">Whether <see cref="ScalarGuard"/> protects scalars from the garbage collector.</param>
/// <param name="LoadTime">Time the loading took.</param>
public sealed record TorchRuntimeInfo(
    string Version, string TorchDirectory, bool VersionNeedMadeWeak, bool ScalarGuardInstalled, TimeSpan LoadTime);
