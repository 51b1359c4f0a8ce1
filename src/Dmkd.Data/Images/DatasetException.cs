namespace Dmkd.Data.Images;

/// <summary>
/// The data cannot be used. The message is one line that names the file, entry or setting, the limit and the actual
/// value, and says what to do.
/// </summary>
public sealed class DatasetException : Exception
{
    public DatasetException() { }

    public DatasetException(string message)
        : base(message) { }

    public DatasetException(string message, Exception innerException)
        : base(message, innerException) { }
}
