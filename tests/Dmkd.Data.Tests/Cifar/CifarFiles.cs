namespace Dmkd.Data.Tests.Cifar;

/// <summary>Content of small CIFAR files: record i has class i modulo the classes.</summary>
internal static class CifarFiles
{
    public static byte[] Records(int count, int classCount, bool coarseLabel = false)
    {
        using var file = new MemoryStream();
        for (int i = 0; i < count; i++)
        {
            if (coarseLabel)
                file.WriteByte(255); // never to be read as the class
            file.WriteByte((byte)(i % classCount));
            file.Write(Pixels(i));
        }
        return file.ToArray();
    }

    /// <summary>Pixels of the record at this position of its file, shape [3, 32, 32].</summary>
    public static byte[] Pixels(int record) => [.. Enumerable.Range(0, 3072).Select(i => (byte)(i * 7 + record))];

    /// <summary>A batch of the Python version, pickled as Python 2 did: the same records.</summary>
    public static byte[] Pickle(int count, int classCount, string labels = "labels")
    {
        byte[] length = BitConverter.GetBytes(3072 * count);
        byte[] pixels = [.. Enumerable.Range(0, count).SelectMany(Pixels)];
        byte[] marks = [.. Enumerable.Range(0, count).SelectMany(i => new[] { (byte)'K', (byte)(i % classCount) })];
        return
        [
            .. new byte[] { 0x80, 2 },
            .. "}("u8,
            .. Text("data"),
            .. "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK"u8,
            .. new byte[] { 0, 0x85 },
            .. Text("b"),
            .. new byte[] { 0x87 },
            .. "R(K"u8,
            .. new byte[] { 1, (byte)'K', (byte)count, (byte)'M', 0, 12, 0x86 },
            .. "cnumpy\ndtype\n"u8,
            .. Text("u1"),
            .. new byte[] { (byte)'K', 0, (byte)'K', 1, 0x87, (byte)'R', (byte)'(', (byte)'K', 3 },
            .. Text("|"),
            .. "NNNJ"u8,
            .. new byte[]
            {
                255,
                255,
                255,
                255,
                (byte)'J',
                255,
                255,
                255,
                255,
                (byte)'K',
                0,
                (byte)'t',
                (byte)'b',
                0x89,
            },
            .. "T"u8,
            .. length,
            .. pixels,
            .. "tb"u8,
            .. Text(labels),
            .. "]("u8,
            .. marks,
            .. "eu."u8,
        ];
    }

    /// <summary>A pickled dictionary of one list of texts.</summary>
    public static byte[] PickledNames(string key, IEnumerable<string> names) =>
        [.. new byte[] { 0x80, 2 }, .. "}"u8, .. Text(key), .. "]("u8, .. names.SelectMany(Text), .. "es."u8];

    private static byte[] Text(string text) =>
        [(byte)'U', (byte)text.Length, .. System.Text.Encoding.ASCII.GetBytes(text)];
}
