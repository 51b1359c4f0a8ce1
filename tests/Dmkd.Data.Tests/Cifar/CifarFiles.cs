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
}
