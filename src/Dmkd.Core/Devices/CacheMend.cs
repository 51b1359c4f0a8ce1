using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Dmkd.Core.Devices;

/// <summary>What became of oneDNN's record of the processor's caches.</summary>
public enum CacheMendResult
{
    /// <summary>It shows caches of usual sizes, or is not understood: left alone.</summary>
    LeftAlone,

    /// <summary>It showed caches of one byte; sizes were written over them.</summary>
    Mended,

    /// <summary>This build of libtorch keeps it elsewhere.</summary>
    NotFound,
}

/// <summary>Finds oneDNN's record of the processor in the loaded libtorch and mends its cache sizes, see <see cref="CacheRecord"/>.</summary>
internal static unsafe class CacheMend
{
    private const string Anchor = OneDnn.GlobalContext;
    private const string Accessor = "_ZN4dnnl4impl3cpu3x643cpuEv";
    private const string Record = "_ZZN4dnnl4impl3cpu3x643cpuEvE4cpu_";

    // Reading the symbols of a library of 460 MB takes half a second, so those of the builds that DMKD ships with are kept.
    private static readonly Dictionary<string, Places> KnownBuilds = new(StringComparer.Ordinal)
    {
        ["e59a73f8ca02c19463bd923dc568ce765b2a1106"] = new(0x1c784f0, 0xf89b1a0, 0x1585b180), // 2.10.0, libtorch-cpu-linux-x64
    };

    // endbr64; movzbl guard(%rip), %eax; test %al, %al; je; lea record(%rip), %rax; ret
    private static ReadOnlySpan<byte> CodeBeforeGuard => [0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0xb6, 0x05];

    private static ReadOnlySpan<byte> CodeBeforeRecord => [0x84, 0xc0, 0x74, 0x11, 0x48, 0x8d, 0x05];

    /// <summary>Mends the record where it shows levels of one byte. Call it before the process's first convolution.</summary>
    /// <param name="libtorch">The loaded libtorch_cpu.so.</param>
    /// <param name="path">Its file.</param>
    public static CacheMendResult Apply(nint libtorch, string path)
    {
        if (!X86Base.IsSupported) return CacheMendResult.NotFound;
        if (Find(libtorch, path) is not var (accessor, record)) return CacheMendResult.NotFound;
        nint filled = ((delegate* unmanaged<nint>)accessor)(); // the first call fills the record
        if (filled != record) return CacheMendResult.NotFound;
        Span<byte> bytes = new((void*)record, CacheRecord.Length);
        if (CacheRecord.Mended(bytes, Leaves()) is not { } sizes) return CacheMendResult.LeftAlone;
        CacheRecord.Write(bytes, sizes);
        return CacheMendResult.Mended;
    }

    /// <summary>The places of a build, from what is known of it.</summary>
    internal static bool IsKnown(string? buildId) => buildId is not null && KnownBuilds.ContainsKey(buildId);

    private static (nint Accessor, nint Record)? Find(nint libtorch, string path)
    {
        if (!NativeLibrary.TryGetExport(libtorch, Anchor, out nint anchor)) return null;
        bool isKnown = KnownBuilds.TryGetValue(ElfFile.BuildIdOf(path) ?? "", out var places);
        if (!isKnown)
        {
            if (!HidesItsCaches()) return null; // only AMD's leaf is read blindly: others are not worth the half second
            var found = ElfFile.AddressesOf(path, [Anchor, Accessor, Record]);
            if (found.Count != 3) return null;
            places = new Places(found[Anchor], found[Accessor], found[Record]);
        }

        nint start = anchor - (nint)places.Anchor;
        nint accessor = start + (nint)places.Accessor, record = start + (nint)places.Record;
        if (isKnown && !Returns(accessor, record)) return null;
        return (accessor, record);
    }

    /// <summary>Whether the code at an address is a function that returns another address.</summary>
    private static bool Returns(nint accessor, nint record)
    {
        const int GuardEnds = 11, DistanceAt = 18, Length = 23;
        const byte Return = 0xc3;
        ReadOnlySpan<byte> code = new((void*)accessor, Length);
        if (!code.StartsWith(CodeBeforeGuard)) return false;
        if (!code[GuardEnds..].StartsWith(CodeBeforeRecord) || code[^1] != Return) return false;
        int distance = Unsafe.ReadUnaligned<int>((void*)(accessor + DistanceAt));
        return accessor + DistanceAt + sizeof(int) + distance == record;
    }

    private static bool HidesItsCaches()
    {
        const int Auth = 0x68747541; // of AuthenticAMD
        if (X86Base.CpuId(0, 0).Ebx != Auth) return false;
        var (eax, ebx, ecx, _) = X86Base.CpuId(unchecked((int)0x8000001D), 0);
        return (eax | ebx | ecx) == 0;
    }

    private static CacheLeaves Leaves()
    {
        const uint First = 0x80000005, Second = 0x80000006;
        uint last = (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax;
        if (last < Second) return default;
        int first = X86Base.CpuId(unchecked((int)First), 0).Ecx, second = X86Base.CpuId(unchecked((int)Second), 0).Ecx;
        return new CacheLeaves((uint)first, (uint)second);
    }

    /// <summary>Addresses as the library's file counts them.</summary>
    private readonly record struct Places(long Anchor, long Accessor, long Record);
}
