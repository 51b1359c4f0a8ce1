using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace Dmkd.Core.Devices;

/// <summary>
/// Loads libtorch and TorchSharp's native library before TorchSharp looks for them itself (docs/adr/0002). Works on
/// systems whose C++ runtime is older than the one the library was built with (Debian 12, Ubuntu 22.04).
/// </summary>
public static partial class TorchRuntime
{
    private const string TorchSharpLibrary = "libLibTorchSharp.so";
    private const string ProcessorLibrary = "libtorch_cpu.so";
    private const string UnusedVersionNeed = "GLIBCXX_3.4.32";

    private static readonly Lazy<TorchRuntimeInfo> Loaded = new(Load);

    /// <summary>Loads the libraries once; later and concurrent calls return the first result.</summary>
    /// <exception cref="DllNotFoundException">A library is missing; the message lists the folders tried.</exception>
    public static TorchRuntimeInfo EnsureLoaded() => Loaded.Value;

    /// <summary>
    /// oneDNN's version in its own words, such as <c>Intel(R) MKL-DNN v3.7.1 (...)</c>; null when this libtorch does
    /// not say.
    /// </summary>
    public static string? OneDnnVersion() => OneDnn.Version(Processors().Handle);

    /// <summary>
    /// The part of libtorch that computes on processors: its file, and its handle, which stays valid.
    /// </summary>
    internal static (nint Handle, string Path) Processors()
    {
        string path = Path.Combine(EnsureLoaded().TorchDirectory, ProcessorLibrary);
        return (NativeLibrary.Load(path), path);
    }

    private static TorchRuntimeInfo Load()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            throw new PlatformNotSupportedException(
                $"DMKD's tensor runtime needs Linux x64; this is {RuntimeInformation.RuntimeIdentifier}."
            );
        var watch = Stopwatch.StartNew();
        // libgomp reads its environment once, when it is loaded: idle workers must sleep, not spin, on a shared
        // machine. Environment.SetEnvironmentVariable would not be seen by C code.
        _ = SetEnv("OMP_WAIT_POLICY", "passive", 0);
        AllocatorTuning.KeepFreedBlocks();
        string torchDirectory = FindFolder(ProcessorLibrary, "TORCH_NATIVE_DIR", "Dmkd.TorchNativeDir");
        string sharpDirectory = FindFolder(TorchSharpLibrary, "TORCHSHARP_NATIVE_DIR", "Dmkd.TorchSharpNativeDir");

        // By full path: the libraries' own search path finds their siblings, and every later load by bare name matches
        // them.
        string cuda = Path.Combine(torchDirectory, "libtorch_cuda.so");
        if (File.Exists(cuda))
            NativeLibrary.Load(cuda);
        NativeLibrary.Load(Path.Combine(torchDirectory, "libtorch.so"));
        nint handle = LoadTorchSharp(Path.Combine(sharpDirectory, TorchSharpLibrary), out bool relaxed);

        bool guarded = ScalarGuard.Install(handle);
        NativeLibrary.SetDllImportResolver(
            typeof(torch).Assembly,
            (name, _, _) => name == "LibTorchSharp" ? handle : 0
        );
        torch.InitializeDeviceType(DeviceType.CPU);
        OneDnn.TryDisableNnpack(NativeLibrary.Load(Path.Combine(torchDirectory, ProcessorLibrary)));
        return new TorchRuntimeInfo(torch.__version__, torchDirectory, relaxed, guarded, watch.Elapsed);
    }

    private static nint LoadTorchSharp(string path, out bool relaxed)
    {
        relaxed = false;
        if (TryLoad(path, out nint handle, out string error))
            return handle;
        byte[] image = File.ReadAllBytes(path);
        if (ElfVersionNeeds.MakeWeak(image, UnusedVersionNeed) == 0)
            throw new DllNotFoundException($"{path}: {error}");
        relaxed = true;
        return LoadImage(image);
    }

    private static bool TryLoad(string path, out nint handle, out string error)
    {
        try
        {
            handle = NativeLibrary.Load(path);
            error = "";
            return true;
        }
        catch (DllNotFoundException e)
        {
            handle = 0;
            error = e.Message;
            return false;
        }
    }

    private static string FindFolder(string file, string environmentVariable, string hostOption)
    {
        string?[] candidates =
        [
            Environment.GetEnvironmentVariable(environmentVariable),
            AppContext.BaseDirectory,
            Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"),
            AppContext.GetData(hostOption) as string,
        ];
        return candidates.FirstOrDefault(folder =>
                !string.IsNullOrEmpty(folder) && File.Exists(Path.Combine(folder, file))
            )
            ?? throw new DllNotFoundException(
                $"{file} was found in none of: {string.Join(", ", candidates.Where(c => !string.IsNullOrEmpty(c)))}. "
                    + $"Restore the solution, or set {environmentVariable} to the folder that holds it."
            );
    }

    private static nint LoadImage(byte[] image)
    {
        const uint CloseOnExec = 1;
        int descriptor = MemoryFile(TorchSharpLibrary, CloseOnExec);
        if (descriptor >= 0)
        {
            using var file = new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true);
            RandomAccess.Write(file, image, 0);
            if (TryLoad($"/proc/self/fd/{descriptor}", out nint handle, out _))
                return handle; // the mapping outlives the descriptor
        }

        string folder = Directory.CreateTempSubdirectory("dmkd-torch-").FullName;
        try
        {
            string copy = Path.Combine(folder, TorchSharpLibrary);
            File.WriteAllBytes(copy, image);
            return NativeLibrary.Load(copy);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);

    [LibraryImport(
        "libc",
        EntryPoint = "memfd_create",
        StringMarshalling = StringMarshalling.Utf8,
        SetLastError = true
    )]
    private static partial int MemoryFile(string name, uint flags);
}

/// <summary>What <see cref="TorchRuntime"/> loaded, from where and how.</summary>
/// <param name="Version">libtorch's own version, such as 2.10.0.</param>
/// <param name="TorchDirectory">Folder libtorch came from.</param>
/// <param name="VersionNeedMadeWeak">Whether the C++ runtime was too old for the shipped library and one unused version
/// need was relaxed.</param>
/// <param name="ScalarGuardInstalled">Whether <see cref="ScalarGuard"/> protects scalars from the garbage
/// collector.</param>
/// <param name="LoadTime">Time the loading took.</param>
public sealed record TorchRuntimeInfo(
    string Version,
    string TorchDirectory,
    bool VersionNeedMadeWeak,
    bool ScalarGuardInstalled,
    TimeSpan LoadTime
);

/// <summary>The devices that work may ask for.</summary>
public static class DeviceKinds
{
    /// <summary>A GPU where a silo has one, else a CPU.</summary>
    [Named(Any, "a GPU where a silo has one, else a CPU", Order = 1)]
    public const string Any = "any";

    /// <summary>A CPU.</summary>
    [Named(Cpu, "a CPU", Order = 2)]
    public const string Cpu = "cpu";

    /// <summary>An NVIDIA GPU.</summary>
    [Named(Cuda, "an NVIDIA GPU", Order = 3)]
    public const string Cuda = "cuda";

    /// <summary>All of them.</summary>
    public static Registry Known { get; } = Registry.OfConstants("device", typeof(DeviceKinds));
}

/// <summary>Switches of oneDNN and NNPACK inside libtorch, through exported C++ functions that TorchSharp does not offer.</summary>
internal static unsafe class OneDnn
{
    /// <summary><c>at::globalContext()</c>.</summary>
    public const string GlobalContext = "_ZN2at13globalContextEv";

    private const string SetEnabled = "_ZN2at7Context20setUserEnabledMkldnnEb";
    private const string GetEnabled = "_ZNK2at7Context17userEnabledMkldnnEv";
    private const string SetNnpack = "_ZN2at7Context20setUserEnabledNNPACKEb";
    private const string GetNnpack = "_ZNK2at7Context17userEnabledNNPACKEv";
    private const string GetVersion = "_ZN2at18get_mkldnn_versionB5cxx11Ev";

    /// <summary>Lets the process's convolutions use oneDNN, or not.</summary>
    /// <returns>False, with nothing changed, when the library has no such switch.</returns>
    public static bool TrySetEnabled(nint libtorch, bool enabled)
    {
        if (ContextOf(libtorch) is not { } context || !NativeLibrary.TryGetExport(libtorch, SetEnabled, out nint set))
            return false;
        ((delegate* unmanaged<nint, byte, void>)set)(context, enabled ? (byte)1 : (byte)0);
        return IsEnabled(libtorch) == enabled;
    }

    /// <summary>Whether convolutions may use it; null when the library does not say.</summary>
    public static bool? IsEnabled(nint libtorch)
    {
        if (ContextOf(libtorch) is not { } context || !NativeLibrary.TryGetExport(libtorch, GetEnabled, out nint get))
            return null;
        return ((delegate* unmanaged<nint, byte>)get)(context) != 0;
    }

    /// <summary>
    /// Keeps convolutions from NNPACK, which is for phones: where it cannot start, libtorch says so on standard error.
    /// </summary>
    /// <returns>False, with nothing changed, when the library has no such switch.</returns>
    public static bool TryDisableNnpack(nint libtorch)
    {
        if (ContextOf(libtorch) is not { } context || !NativeLibrary.TryGetExport(libtorch, SetNnpack, out nint set))
            return false;
        ((delegate* unmanaged<nint, byte, void>)set)(context, 0);
        return NativeLibrary.TryGetExport(libtorch, GetNnpack, out nint get)
            && ((delegate* unmanaged<nint, byte>)get)(context) == 0;
    }

    /// <summary>
    /// Its version in its own words, such as <c>Intel(R) MKL-DNN v3.7.1 (...)</c>; null when the library does not say.
    /// </summary>
    public static string? Version(nint libtorch)
    {
        if (!NativeLibrary.TryGetExport(libtorch, GetVersion, out nint get))
            return null;
        // A std::string returned by value: the caller passes its place, 32 bytes, which hold pointer, length and short
        // texts.
        nint* text = stackalloc nint[4];
        ((delegate* unmanaged<nint*, nint*>)get)(text);
        string version = Encoding.UTF8.GetString((byte*)text[0], (int)text[1]);
        bool isOutside = text[0] != (nint)(text + 2);
        if (isOutside)
            NativeMemory.Free((void*)text[0]); // operator new is malloc
        return version;
    }

    private static nint? ContextOf(nint libtorch) =>
        NativeLibrary.TryGetExport(libtorch, GlobalContext, out nint get) ? ((delegate* unmanaged<nint>)get)() : null;
}
