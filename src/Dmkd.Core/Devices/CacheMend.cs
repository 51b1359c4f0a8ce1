using System.Buffers.Binary;
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

/// <summary>
/// Finds oneDNN's record of the processor in the loaded libtorch and mends its cache sizes, see
/// <see cref="CacheRecord"/>.
/// </summary>
internal static unsafe class CacheMend
{
    private const string Anchor = OneDnn.GlobalContext;
    private const string Accessor = "_ZN4dnnl4impl3cpu3x643cpuEv";
    private const string Record = "_ZZN4dnnl4impl3cpu3x643cpuEvE4cpu_";

    // Reading the symbols of a library of 460 MB takes half a second, so those of the builds that DMKD ships with are
    // kept.
    private static readonly Dictionary<string, Places> KnownBuilds = new(StringComparer.Ordinal)
    {
        // 2.10.0, libtorch-cpu-linux-x64
        ["e59a73f8ca02c19463bd923dc568ce765b2a1106"] = new(0x1c784f0, 0xf89b1a0, 0x1585b180),
    };

    // endbr64; movzbl guard(%rip), %eax; test %al, %al; je; lea record(%rip), %rax; ret
    private static ReadOnlySpan<byte> CodeBeforeGuard => [0xf3, 0x0f, 0x1e, 0xfa, 0x0f, 0xb6, 0x05];

    private static ReadOnlySpan<byte> CodeBeforeRecord => [0x84, 0xc0, 0x74, 0x11, 0x48, 0x8d, 0x05];

    /// <summary>
    /// Mends the record where it shows levels of one byte. Call it before the process's first convolution.
    /// </summary>
    /// <param name="libtorch">The loaded libtorch_cpu.so.</param>
    /// <param name="path">Its file.</param>
    public static CacheMendResult Apply(nint libtorch, string path)
    {
        if (!X86Base.IsSupported)
            return CacheMendResult.NotFound;
        if (Find(libtorch, path) is not var (accessor, record))
            return CacheMendResult.NotFound;
        nint filled = ((delegate* unmanaged<nint>)accessor)(); // the first call fills the record
        if (filled != record)
            return CacheMendResult.NotFound;
        Span<byte> bytes = new((void*)record, CacheRecord.Length);
        if (CacheRecord.Mended(bytes, Leaves()) is not { } sizes)
            return CacheMendResult.LeftAlone;
        CacheRecord.Write(bytes, sizes);
        return CacheMendResult.Mended;
    }

    /// <summary>The places of a build, from what is known of it.</summary>
    internal static bool IsKnown(string? buildId) => buildId is not null && KnownBuilds.ContainsKey(buildId);

    private static (nint Accessor, nint Record)? Find(nint libtorch, string path)
    {
        if (!NativeLibrary.TryGetExport(libtorch, Anchor, out nint anchor))
            return null;
        bool isKnown = KnownBuilds.TryGetValue(ElfFile.BuildIdOf(path) ?? "", out var places);
        if (!isKnown)
        {
            if (!HidesItsCaches())
                return null; // only AMD's leaf is read blindly: others are not worth the half second
            var found = ElfFile.AddressesOf(path, [Anchor, Accessor, Record]);
            if (found.Count != 3)
                return null;
            places = new Places(found[Anchor], found[Accessor], found[Record]);
        }

        nint start = anchor - (nint)places.Anchor;
        nint accessor = start + (nint)places.Accessor,
            record = start + (nint)places.Record;
        if (isKnown && !Returns(accessor, record))
            return null;
        return (accessor, record);
    }

    /// <summary>Whether the code at an address is a function that returns another address.</summary>
    private static bool Returns(nint accessor, nint record)
    {
        const int GuardEnds = 11,
            DistanceAt = 18,
            Length = 23;
        const byte Return = 0xc3;
        ReadOnlySpan<byte> code = new((void*)accessor, Length);
        if (!code.StartsWith(CodeBeforeGuard))
            return false;
        if (!code[GuardEnds..].StartsWith(CodeBeforeRecord) || code[^1] != Return)
            return false;
        int distance = Unsafe.ReadUnaligned<int>((void*)(accessor + DistanceAt));
        return accessor + DistanceAt + sizeof(int) + distance == record;
    }

    private static bool HidesItsCaches()
    {
        const int Auth = 0x68747541; // of AuthenticAMD
        if (X86Base.CpuId(0, 0).Ebx != Auth)
            return false;
        var (eax, ebx, ecx, _) = X86Base.CpuId(unchecked((int)0x8000001D), 0);
        return (eax | ebx | ecx) == 0;
    }

    private static CacheLeaves Leaves()
    {
        const uint First = 0x80000005,
            Second = 0x80000006;
        uint last = (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax;
        if (last < Second)
            return default;
        int first = X86Base.CpuId(unchecked((int)First), 0).Ecx,
            second = X86Base.CpuId(unchecked((int)Second), 0).Ecx;
        return new CacheLeaves((uint)first, (uint)second);
    }

    /// <summary>Addresses as the library's file counts them.</summary>
    private readonly record struct Places(long Anchor, long Accessor, long Record);
}

/// <summary>
/// The part of oneDNN's record of the processor that holds its caches, and what to write over it (docs/adr/0024).
/// Xbyak, the assembler inside oneDNN 3.7, reads an AMD processor's caches from CPUID leaf 0x8000001D without asking
/// whether the leaf is there. Where a hypervisor hides it, every level counts as one byte, and blocking by such sizes
/// makes convolutions wrong.
/// </summary>
internal static class CacheRecord
{
    /// <summary>Bytes of the record, <c>Xbyak::util::Cpu</c>.</summary>
    public const int Length = 144;

    /// <summary>Where the levels' sizes begin, 32 bits each, in bytes.</summary>
    public const int SizesAt = 28;

    private const int LevelCountAt = 108;
    private const int Levels = 3;
    private const uint Kilobyte = 1024;

    // What oneDNN assumes of a processor that says nothing.
    private static readonly CacheSizes Usual = new(32 * Kilobyte, 512 * Kilobyte, 1024 * Kilobyte);

    /// <summary>Decides what the record should say.</summary>
    /// <param name="record">The record, at least <see cref="Length"/> bytes.</param>
    /// <param name="leaves">What the processor says of its caches elsewhere.</param>
    /// <returns>Sizes to write; null when the record is to be left alone, because it does not hold three levels of one
    /// byte.</returns>
    public static CacheSizes? Mended(ReadOnlySpan<byte> record, CacheLeaves leaves)
    {
        if (record.Length < Length)
            return null;
        if (BinaryPrimitives.ReadUInt32LittleEndian(record[LevelCountAt..]) != Levels)
            return null;
        for (int level = 0; level < Levels; level++)
            if (BinaryPrimitives.ReadUInt32LittleEndian(record[(SizesAt + level * sizeof(uint))..]) != 1)
                return null;
        uint first = (leaves.Level1 >> 24) * Kilobyte;
        uint second = (leaves.Level2 >> 16) * Kilobyte;
        bool likely = first > 0 && second > first;
        return likely ? Usual with { Level1 = first, Level2 = second } : Usual;
    }

    /// <summary>Writes sizes into a record.</summary>
    public static void Write(Span<byte> record, CacheSizes sizes)
    {
        var target = record[SizesAt..];
        BinaryPrimitives.WriteUInt32LittleEndian(target, sizes.Level1);
        BinaryPrimitives.WriteUInt32LittleEndian(target[sizeof(uint)..], sizes.Level2);
        BinaryPrimitives.WriteUInt32LittleEndian(target[(2 * sizeof(uint))..], sizes.Level3);
    }
}

/// <summary>Bytes of the caches that one core can use.</summary>
internal readonly record struct CacheSizes(uint Level1, uint Level2, uint Level3);

/// <summary>
/// CPUID's older leaves about caches: ECX of 0x80000005 (kilobytes from bit 24) and of 0x80000006 (from bit 16).
/// </summary>
internal readonly record struct CacheLeaves(uint Level1, uint Level2);
