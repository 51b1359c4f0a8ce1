using System.IO.Compression;

namespace Dmkd.Data.Tests;

/// <summary>A folder of its own for one test, with short ways to fill it. Deleted at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dmkd-data-").FullName;

    /// <summary>Writes a file, and the folders that lead to it.</summary>
    public TemporaryFolder Write(string relativePath, byte[] content)
    {
        string path = System.IO.Path.Combine(Path, relativePath);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return this;
    }

    public TemporaryFolder MakeFolder(string relativePath)
    {
        Directory.CreateDirectory(System.IO.Path.Combine(Path, relativePath));
        return this;
    }

    /// <summary>
    /// Writes <paramref name="perClass"/> images for every class of both splits; equal arguments write equal bytes.
    /// </summary>
    public TemporaryFolder WriteClasses(int perClass, string testSplit = "test", params string[] classes)
    {
        foreach (string split in new[] { "train", testSplit })
            for (int label = 0; label < classes.Length; label++)
            for (int i = 0; i < perClass; i++)
                Write(
                    $"{split}/{classes[label]}/{i:000}.png",
                    TestImages.Png(32, 32, (byte)(label * 50), (byte)(i * 10), 0)
                );
        return this;
    }

    /// <summary>Packs everything beneath another folder into <c>data.zip</c> in this one.</summary>
    public string Zip(TemporaryFolder content, bool withRoot = false)
    {
        string file = System.IO.Path.Combine(Path, "data.zip");
        ZipFile.CreateFromDirectory(content.Path, file, CompressionLevel.Fastest, withRoot);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
