using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Tests.Checkpoints;

/// <summary>Finds the fixtures and writes hostile files byte by byte.</summary>
internal static class TorchFiles
{
    public const string Protocol2 = "\u0080\u0002";

    public static string FixtureFolder { get; } = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    public static string Fixture(string name) => Path.Combine(FixtureFolder, name);

    /// <summary>The bytes of a pickle, one character per byte.</summary>
    public static byte[] Pickle(string characters) => Encoding.Latin1.GetBytes(characters);

    /// <summary>A text as opcode BINUNICODE.</summary>
    public static string Text(string text) => $"X{Latin1(BitConverter.GetBytes(text.Length))}{text}";

    /// <summary>A number as opcode LONG1.</summary>
    public static string Number(long number) => $"\u008a\b{Latin1(BitConverter.GetBytes(number))}";

    /// <summary>A tensor of FloatStorage '0'.</summary>
    public static string Tensor(
        long storageElements,
        long[] shape,
        long[] strides,
        long offset = 0,
        string key = "0"
    ) =>
        $"ctorch._utils\n_rebuild_tensor_v2\n(({Text("storage")}ctorch\nFloatStorage\n{Text(key)}{Text("cpu")}{Number(storageElements)}tQ{Number(offset)}{Tuple(shape)}{Tuple(strides)}\u0089)tR";

    /// <summary>
    /// An archive with this object as its pickle (after the protocol, before the stop) and these other entries.
    /// </summary>
    public static byte[] Zip(string body, params (string Name, byte[] Data)[] entries) =>
        ZipOf(CompressionLevel.NoCompression, [("a/data.pkl", Pickle($"{Protocol2}{body}.")), .. entries]);

    public static byte[] ZipOf(CompressionLevel compression, params (string Name, byte[] Data)[] entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, data) in entries)
            {
                using var entry = archive.CreateEntry(name, compression).Open();
                entry.Write(data);
            }
        }

        return stream.ToArray();
    }

    /// <summary>A state dict with one tensor 'w'.</summary>
    public static string StateOf(string tensor) => $"}}{Text("w")}{tensor}s";

    public static byte[] Floats(params float[] values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return bytes;
    }

    /// <summary>Reads bytes that must be refused.</summary>
    /// <returns>The message, checked to be one line that names the file.</returns>
    public static string Refusal(byte[] file)
    {
        var error = Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Read(file, "file.pt"));
        Assert.DoesNotContain('\n', error.Message);
        Assert.StartsWith("file.pt: ", error.Message, StringComparison.Ordinal);
        return error.Message;
    }

    private static string Tuple(long[] numbers) => $"({string.Concat(numbers.Select(Number))}t";

    private static string Latin1(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
