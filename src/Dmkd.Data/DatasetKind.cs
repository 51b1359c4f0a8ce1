using Dmkd.Data.Images;
using Dmkd.Data.Images.Cifar;
using Dmkd.Data.Images.Folders;
using Dmkd.Data.Images.Idx;

namespace Dmkd.Data;

/// <summary>What kind of data set is meant, when a user names a path, a kind, or both.</summary>
public static class DatasetKind
{
    private const int Looked = 20_000;
    private static readonly string[] Packed = [".zip", ".csv", ".tsv"];

    /// <summary>The kind that is meant.</summary>
    /// <param name="kind">The kind that was named; null when none was.</param>
    /// <param name="path">The path that was named; null when none was.</param>
    /// <returns>A kind; null when neither was named.</returns>
    /// <exception cref="DatasetException">The path tells no kind, or the kind has no path.</exception>
    public static string? Of(string? kind, string? path)
    {
        if (string.IsNullOrEmpty(path))
            return kind;
        if (kind == DatasetSpec.Synthetic)
            throw new DatasetException(
                $"Data set '{kind}' is drawn and reads no files; the path {path} does not go with it. "
                    + $"Name the kind of its files ({string.Join(", ", DatasetSpec.Kinds.Except([kind]))}), or leave one out."
            );
        return kind ?? OfFiles(path);
    }

    private static string OfFiles(string path)
    {
        if (!Directory.Exists(path))
        {
            if (!File.Exists(path))
                throw new DatasetException($"{path} does not exist; give the data set's folder or file.");
            return Packed.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)
                ? DatasetSpec.Images
                : throw new DatasetException(
                    $"{path} is no folder, zip file or CSV table, so that it does not tell what kind of data set it is. "
                        + $"Unpack it, or name its kind by --data: {string.Join(", ", DatasetSpec.Kinds)}."
                );
        }

        string[] files =
        [
            .. Directory
                .EnumerateFiles(
                    path,
                    "*",
                    new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 8 }
                )
                .Take(Looked),
        ];
        if (Has(CifarFormat.Cifar10))
            return DatasetSpec.Cifar10;
        if (Has(CifarFormat.Cifar100))
            return DatasetSpec.Cifar100;
        if (files.Any(file => IdxReader.IsImages(Path.GetFileName(file))))
            return DatasetSpec.Idx;
        if (files.Any(ImageTree.IsImage))
            return DatasetSpec.Images;
        throw new DatasetException(
            $"{path} has no images ({string.Join(", ", ImageDecoder.Extensions)}) and no files of CIFAR or MNIST. "
                + "Give the data set's folder, or unpack its files."
        );

        bool Has(CifarFormat format) =>
            new[] { format, format.Python }.Any(version =>
                File.Exists(Path.Combine(path, version.TestFile))
                || File.Exists(Path.Combine(path, version.Subfolder, version.TestFile))
            );
    }
}
