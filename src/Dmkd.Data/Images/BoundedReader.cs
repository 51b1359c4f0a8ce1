namespace Dmkd.Data.Images;

/// <summary>Reads streams whose length is not to be trusted.</summary>
internal static class BoundedReader
{
    /// <summary>Reads to the end, but never more than <see cref="ImageLimits.EncodedBytes"/>.</summary>
    /// <param name="stream">Stream to read. Borrowed: not disposed.</param>
    /// <param name="name">File or entry, as messages shall name it.</param>
    /// <param name="expectedBytes">Length that the container declares, 0 when unknown; only a hint.</param>
    /// <returns>The bytes, owned by the caller.</returns>
    /// <exception cref="DatasetException">The stream holds more than the limit.</exception>
    public static byte[] ReadAll(Stream stream, string name, long expectedBytes = 0)
    {
        if (expectedBytes > ImageLimits.EncodedBytes) throw TooLarge(name, $"{expectedBytes}");
        // One spare byte: a stream that ends where it should is seen to end without growing the buffer.
        byte[] buffer = new byte[Math.Max(expectedBytes + 1, 4096)];
        int length = 0;
        while (true)
        {
            int read = stream.Read(buffer, length, buffer.Length - length);
            if (read == 0) break;
            length += read;
            if (length > ImageLimits.EncodedBytes) throw TooLarge(name, $"more than {ImageLimits.EncodedBytes}");
            if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(2 * length, ImageLimits.EncodedBytes + 1));
        }
        Array.Resize(ref buffer, length);
        return buffer;
    }

    private static DatasetException TooLarge(string name, string actual) =>
        new($"{name} holds {actual} bytes; at most {ImageLimits.EncodedBytes} an image. Remove it.");
}
