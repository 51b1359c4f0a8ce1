namespace Dmkd.Data.Images;

/// <summary>An image in a source, before it is read.</summary>
/// <param name="Entry">Position in <see cref="IImageSource.Entries"/>.</param>
/// <param name="Label">Its class.</param>
internal readonly record struct ImageFile(int Entry, int Label);
