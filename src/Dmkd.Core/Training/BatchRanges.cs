namespace Dmkd.Core.Training;

/// <summary>How a pass over some images is cut into batches.</summary>
public static class BatchRanges
{
    /// <summary>Batches in order; a last one of a single image would give batch normalisation nothing to normalise and joins its neighbour.</summary>
    /// <param name="count">Number of images, at least 0.</param>
    /// <param name="batchSize">Images of a batch, at least 1.</param>
    public static IEnumerable<(long Start, long Length)> Of(long count, int batchSize)
    {
        for (long start = 0; start < count;)
        {
            long length = count - start <= batchSize + 1 ? count - start : batchSize;
            yield return (start, length);
            start += length;
        }
    }
}
