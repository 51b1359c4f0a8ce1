using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Dmkd.Core.Devices;

/// <summary>Reads what identifies a 64-bit ELF file, and where its symbols are.</summary>
internal static class ElfFile
{
    private const int HeaderBytes = 64,
        SectionBytes = 64,
        SymbolBytes = 24;
    private const int SymbolTable = 2,
        Note = 7;

    /// <summary>The build id, in lowercase hexadecimal; null without one, or when this is no such file.</summary>
    public static string? BuildIdOf(string path)
    {
        using var file = File.OpenHandle(path);
        foreach (var section in SectionsOf(file))
            if (section.Type == Note && BuildIdIn(Read(file, section.Offset, section.Length)) is { } id)
                return id;
        return null;
    }

    /// <summary>
    /// The addresses of symbols, also of those that are not exported; absent when the file has no such symbol.
    /// </summary>
    public static Dictionary<string, long> AddressesOf(string path, IReadOnlyList<string> names)
    {
        Dictionary<string, long> found = new(StringComparer.Ordinal);
        using var file = File.OpenHandle(path);
        var sections = SectionsOf(file);
        foreach (var section in sections)
        {
            if (section.Type != SymbolTable || section.Link >= sections.Count)
                continue;
            var texts = sections[section.Link];
            byte[] symbols = Read(file, section.Offset, section.Length),
                strings = Read(file, texts.Offset, texts.Length);
            foreach (string name in names)
                if (AddressOf(name, symbols, strings) is { } address)
                    found[name] = address;
        }

        return found;
    }

    private static long? AddressOf(string name, ReadOnlySpan<byte> symbols, ReadOnlySpan<byte> strings)
    {
        int before = strings.IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0"));
        if (before < 0)
            return null;
        for (int symbol = 0; symbol + SymbolBytes <= symbols.Length; symbol += SymbolBytes)
            if (BinaryPrimitives.ReadInt32LittleEndian(symbols[symbol..]) == before + 1)
                return BinaryPrimitives.ReadInt64LittleEndian(symbols[(symbol + 8)..]);
        return null;
    }

    private static string? BuildIdIn(ReadOnlySpan<byte> note)
    {
        const int BuildId = 3,
            Begin = 16;
        if (
            note.Length < Begin
            || BinaryPrimitives.ReadInt32LittleEndian(note[8..]) != BuildId
            || !note[12..].StartsWith("GNU\0"u8)
        )
            return null;
        int length = BinaryPrimitives.ReadInt32LittleEndian(note[4..]);
        return length > 0 && length <= note.Length - Begin ? Convert.ToHexStringLower(note.Slice(Begin, length)) : null;
    }

    private static List<Section> SectionsOf(SafeFileHandle file)
    {
        byte[] header = Read(file, 0, HeaderBytes);
        if (header.Length < HeaderBytes || !header.AsSpan().StartsWith("\x7f\x45\x4c\x46\x02\x01"u8))
            return []; // ELF, 64 bits, little-endian
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(58)),
            count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(60));
        if (size != SectionBytes)
            return [];
        byte[] table = Read(file, BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(40)), (long)size * count);
        List<Section> sections = [];
        for (int at = 0; at + size <= table.Length; at += size)
        {
            var entry = table.AsSpan(at, size);
            sections.Add(
                new Section(
                    BinaryPrimitives.ReadInt32LittleEndian(entry[4..]),
                    BinaryPrimitives.ReadInt64LittleEndian(entry[24..]),
                    BinaryPrimitives.ReadInt64LittleEndian(entry[32..]),
                    BinaryPrimitives.ReadInt32LittleEndian(entry[40..])
                )
            );
        }

        return sections;
    }

    // As much as there is: a file cut short has fewer sections.
    private static byte[] Read(SafeFileHandle file, long offset, long length)
    {
        long available = Math.Max(0, RandomAccess.GetLength(file) - offset);
        byte[] bytes = new byte[Math.Clamp(length, 0, available)];
        int read = 0;
        while (read < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(read), offset + read) is var more and > 0)
            read += more;
        return bytes;
    }

    private readonly record struct Section(int Type, long Offset, long Length, int Link);
}

/// <summary>
/// Relaxes symbol versions that a Linux library asks for (ELF64, little-endian; section SHT_GNU_verneed).
/// </summary>
internal static class ElfVersionNeeds
{
    private const uint VersionNeedSection = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    /// <summary>
    /// Marks every need of <paramref name="version"/> in <paramref name="image"/> as weak, so that the loader accepts
    /// its absence.
    /// </summary>
    /// <returns>Number of needs changed; 0 when the image is no such library or never asks for the version.</returns>
    public static int MakeWeak(Span<byte> image, string version)
    {
        if (image.Length < 64 || !image[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
            return 0;
        int sections = checked((int)UInt64(image, 0x28)),
            sectionSize = UInt16(image, 0x3A),
            sectionCount = UInt16(image, 0x3C);
        int changed = 0;
        for (int i = 0; i < sectionCount; i++)
        {
            int header = sections + i * sectionSize;
            if (UInt32(image, header + 4) != VersionNeedSection)
                continue;
            int stringsHeader = sections + (int)UInt32(image, header + 0x28) * sectionSize;
            int strings = checked((int)UInt64(image, stringsHeader + 0x18)),
                needs = checked((int)UInt64(image, header + 0x18));
            changed += MakeWeak(image, needs, strings, version);
        }

        return changed;
    }

    private static int MakeWeak(Span<byte> image, int need, int strings, string version)
    {
        int changed = 0;
        while (true)
        {
            int entry = need + (int)UInt32(image, need + 8);
            for (int k = UInt16(image, need + 2); k > 0; k--)
            {
                if (Text(image, strings + (int)UInt32(image, entry + 8)) == version)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(
                        image[(entry + 4)..],
                        (ushort)(UInt16(image, entry + 4) | WeakFlag)
                    );
                    changed++;
                }

                entry += (int)UInt32(image, entry + 12);
            }

            int next = (int)UInt32(image, need + 12);
            if (next == 0)
                return changed;
            need += next;
        }
    }

    private static string Text(ReadOnlySpan<byte> image, int offset)
    {
        var tail = image[offset..];
        return Encoding.ASCII.GetString(tail[..tail.IndexOf((byte)0)]);
    }

    private static ushort UInt16(ReadOnlySpan<byte> image, int offset) =>
        BinaryPrimitives.ReadUInt16LittleEndian(image[offset..]);

    private static uint UInt32(ReadOnlySpan<byte> image, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(image[offset..]);

    private static ulong UInt64(ReadOnlySpan<byte> image, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(image[offset..]);
}
