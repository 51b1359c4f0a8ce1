using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dmkd.Core.Devices;

/// <summary>
/// Keeps TorchSharp's scalars alive while native code reads them (docs/adr/0003). TorchSharp hands bare pointers to
/// native code, so the finalizer of a <c>Scalar</c> (every <c>a + b</c> makes a hidden one) can free it during the
/// call. The guard redirects the native release of scalars to a queue that frees them <see cref="ReleaseDelay"/> later.
/// </summary>
internal static unsafe partial class ScalarGuard
{
    private const int ReadWriteExecute = 1 | 2 | 4;
    private const int ReadExecute = 1 | 4;
    private const int PageSize = 4096;
    private const int JumpBytes = 12;

    private static readonly ConcurrentQueue<(nint Pointer, long ReleasedAt)> Released = new();
    private static long _deferredCount;

    /// <summary>Time a released scalar stays readable; far longer than any native call that takes one.</summary>
    public static TimeSpan ReleaseDelay { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Number of releases deferred since the start.</summary>
    public static long DeferredCount => Interlocked.Read(ref _deferredCount);

    /// <summary>Installs the guard in the loaded library.</summary>
    /// <returns>False, with nothing changed, when the library's code is not the code this was written for.</returns>
    public static bool Install(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "THSTorch_dispose_scalar", out nint function))
            return false;
        var code = new Span<byte>((void*)function, JumpBytes);
        if (!code[..4].SequenceEqual((ReadOnlySpan<byte>)[0x48, 0x85, 0xff, 0x74]))
            return false; // test rdi, rdi; je
        var release = typeof(ScalarGuard).GetMethod(nameof(Release), BindingFlags.NonPublic | BindingFlags.Static)!;
        RuntimeHelpers.PrepareMethod(release.MethodHandle);
        delegate* unmanaged[Cdecl]<nint, void> target = &Release;

        nint page = function & ~(PageSize - 1);
        nint length = ((function + JumpBytes + PageSize - 1) & ~(PageSize - 1)) - page;
        if (Protect(page, length, ReadWriteExecute) != 0)
            return false;
        code[0] = 0x48; // mov rax, target
        code[1] = 0xb8;
        Unsafe.WriteUnaligned(ref code[2], (nint)target);
        code[10] = 0xff; // jmp rax
        code[11] = 0xe0;
        return Protect(page, length, ReadExecute) == 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(nint scalar)
    {
        if (scalar == 0)
            return;
        long now = Environment.TickCount64;
        Released.Enqueue((scalar, now));
        Interlocked.Increment(ref _deferredCount);
        // A few per release keep up with the arrivals and bound the work of one call.
        for (
            int i = 0;
            i < 4 && Released.TryPeek(out var oldest) && now - oldest.ReleasedAt > ReleaseDelay.TotalMilliseconds;
            i++
        )
            if (Released.TryDequeue(out var expired))
                // a number scalar owns nothing else, and operator new is malloc
                NativeMemory.Free((void*)expired.Pointer);
    }

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);
}
