using System.Runtime.InteropServices;
using System.Text;

namespace Dmkd.Core.Devices;

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
